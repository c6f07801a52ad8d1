# The server of a real program falls silent over UDP: with the shim its REGISTERs go to another at their fifth send, 7.5 s
# after the first, and stay there when it is back; bare they wait for 32 s or for ever.

# bats file_tags=long
load ../lib/harness

silent() { # PROGRAM LANE...
    gone silent "$@"
}

gone() { # silent|refused PROGRAM LANE...
    local lane
    lanes_start "$2" udp "${@:3}"
    lanes_fail "$1"
    lanes_moved
    lanes_measure "$2, UDP, $1"
    for lane in "${@:3}"; do
        [[ $lane == bare-* ]] || expect_le 5 "$(lane_tries "$lane")" "sends of one request until $lane was served elsewhere"
    done
    lanes_stuck
    lanes_return
}

@test "sipp, silence to REGISTER" { silent sipp shim-a bare-a; }
@test "sipsak, silence to REGISTER" { silent sipsak shim-a shim-srv bare-a; }
@test "baresip, silence to REGISTER" { silent baresip shim-a shim-srv bare-a; }
@test "baresip, killed: what an unconnected socket does not hear counts as silence" {
    gone refused baresip shim-a shim-srv bare-a
}
@test "linphonec, silence to REGISTER" { silent linphonec shim-a shim-srv bare-a; }
@test "kamailio relaying, silence to REGISTER" { silent relay shim-a shim-srv bare-a; }
@test "kamailio with use_dns_failover, silence to REGISTER" { silent failover shim-a shim-srv bare-a; }
