# The server of a real program is killed, and refuses: with the shim the program's REGISTERs go to another at once,
# and stay there when the server is back. Bare lanes run where the program stays with the server that refuses.

# bats file_tags=long
load ../lib/harness

refused() { # PROGRAM udp|tcp LANE...
    local lane
    lanes_start "$@"
    lanes_fail refused
    lanes_moved
    lanes_measure "$1, ${2^^}, refused"
    for lane in a srv; do
        [[ ${MOVED_MS[shim-$lane]:-} ]] || continue
        expect_le 2 "$(lane_tries "shim-$lane")" "refusals until shim-$lane was served elsewhere"
        echo "# shim-$lane: $(lane_tries "shim-$lane")" >&3
    done
    case $1 in sipp | relay) lanes_stuck ;; esac
    lanes_return
}

@test "sipp over TCP is refused" { refused sipp tcp shim-a bare-a; }
@test "sipsak over TCP is refused" { refused sipsak tcp shim-a shim-srv; }
@test "sipsak over UDP is refused, and sees it" { refused sipsak udp shim-a shim-srv; }
@test "baresip over TCP is refused" { refused baresip tcp shim-a shim-srv; }
@test "linphonec over TCP is refused" { refused linphonec tcp shim-a shim-srv; }
@test "kamailio relaying over TCP is refused" { refused relay tcp shim-a shim-srv bare-a; }
@test "kamailio with use_dns_failover over TCP is refused" { refused failover tcp shim-a shim-srv; }
