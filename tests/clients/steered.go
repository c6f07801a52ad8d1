// steered.go: as steered.c, in Go. Without cgo no preload reaches it; with cgo one loads, and its calls go past.
//
//	steered tcp ADDR PORT
//	steered udp NETWORK ADDR PORT	from an unconnected socket of NETWORK: udp4, udp6, or udp (IPv4 as v4-mapped)
//
// Prints what was answered, and who seems to have: RemoteAddr, or the source of the datagram.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

func fail(err error) {
	fmt.Println("error", err)
	os.Exit(1)
}

func tcp(to string) {
	c, err := net.DialTimeout("tcp", to, 5*time.Second)
	if err != nil {
		fail(err)
	}
	body, err := io.ReadAll(c)
	if err != nil {
		fail(err)
	}
	fmt.Printf("%s peer %s\n", body, c.RemoteAddr())
}

func udp(network, to string) {
	peer, err := net.ResolveUDPAddr(network, to)
	if err != nil {
		fail(err)
	}
	c, err := net.ListenPacket(network, ":0")
	if err != nil {
		fail(err)
	}
	if _, err = c.WriteTo([]byte("hello"), peer); err != nil {
		fail(err)
	}
	body := make([]byte, 2048)
	c.SetReadDeadline(time.Now().Add(2 * time.Second))
	n, from, err := c.ReadFrom(body)
	if err != nil {
		fail(err)
	}
	fmt.Printf("%s from %s\n", body[:n], from)
}

func main() {
	switch arg := os.Args[1:]; arg[0] {
	case "tcp":
		tcp(net.JoinHostPort(arg[1], arg[2]))
	case "udp":
		udp(arg[1], net.JoinHostPort(arg[2], arg[3]))
	}
}
