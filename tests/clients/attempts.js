// Connects as node does by itself (autoSelectFamily, RFC 8305): attempts.js HOST PORT. Prints the address reached, or why none was.
const net = require('net')
const began = Date.now()
const socket = net.connect({ host: process.argv[2], port: +process.argv[3], autoSelectFamily: true })
socket.on('connect', () => { console.log(socket.remoteAddress, Date.now() - began); socket.destroy() })
socket.on('error', e => { console.log(e.code, Date.now() - began); process.exit(0) })
