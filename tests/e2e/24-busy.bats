# The server of a real program answers 503 to REGISTER: with the shim its REGISTERs go to another, and stay there
# when the server is itself again. Bare lanes run where the program goes on asking the server that is busy.

# bats file_tags=long
load ../lib/harness

busy() { # PROGRAM udp|tcp LANE...
    lanes_start "$@"
    lanes_fail busy
    if [[ $1 == linphonec ]]; then
        # After a 503 it asks again in a minute; a person starts it again.
        lanes_met
        lanes_restart
    fi
    lanes_moved
    lanes_measure "$1, ${2^^}, 503"
    case $1 in sipp | relay) lanes_stuck ;; esac
    lanes_return
}

@test "sipp over UDP, 503" { busy sipp udp shim-a bare-a; }
@test "sipp over TCP, 503" { busy sipp tcp shim-a bare-a; }
@test "sipsak over UDP, 503" { busy sipsak udp shim-a shim-srv; }
@test "sipsak over TCP, 503" { busy sipsak tcp shim-a shim-srv; }
@test "baresip over UDP, 503" { busy baresip udp shim-a shim-srv; }
@test "baresip over TCP, 503" { busy baresip tcp shim-a shim-srv; }
@test "linphonec over UDP, 503" { busy linphonec udp shim-a shim-srv; }
@test "linphonec over TCP, 503" { busy linphonec tcp shim-a shim-srv; }
@test "kamailio relaying over UDP, 503" { busy relay udp shim-a shim-srv bare-a; }
@test "kamailio relaying over TCP, 503" { busy relay tcp shim-a shim-srv bare-a; }
@test "kamailio with use_dns_failover over UDP, 503" { busy failover udp shim-a shim-srv; }
