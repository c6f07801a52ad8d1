# bash completion for pinctl(1), pinwatch(8) and pinkeeper(8).
#
# Commands, options and words are those that the tool's --help tells, so this file has no lists that could be out of date:
#
#     Usage: pinctl set [OPTION...] HOST ADDR[,ADDR...]        the words behind the options
#       -T, --ttl=TIME             how long it holds           an option, and what its value is
#     Commands (each with --help):
#       list      what is pinned                               a command

# What --help of a tool, or of a command of it, says comes into variables of _stickydns.
_stickydns_learn() { # TOOL [COMMAND]
    local row in_list= option='^ +(-(.), )?(--[a-z-]+)(=([^ ]+))?( |$)'
    commands=() wanted=() options=() takes=()
    while IFS= read -r row; do
        if [[ $row =~ $option ]]; then
            options+=("${BASH_REMATCH[3]}")
            [[ -z ${BASH_REMATCH[5]} ]] || takes[${BASH_REMATCH[3]}]=${BASH_REMATCH[5]} takes[-${BASH_REMATCH[2]}]=${BASH_REMATCH[5]}
        elif [[ $row =~ ^Usage:.*'[OPTION...]'(.*) ]]; then
            row=${BASH_REMATCH[1]//[][]/}
            read -ra wanted <<<"${row//--cgroup PATH/}"
            [[ ${wanted[0]-} != -- ]] || wanted=("${wanted[@]:1}")
        elif [[ $row == Commands* ]]; then
            in_list=yes
        elif [[ -n $in_list && $row =~ ^'  '([a-z]+)' ' ]]; then
            commands+=("${BASH_REMATCH[1]}")
        else
            in_list=
        fi
    done < <("$@" --help 2>/dev/null)
    ((${#options[@]} > 0))
}

# ---- what the table holds

_stickydns_pinctl() { pinctl "${with[@]}" "$@" 2>/dev/null; }

_stickydns_names() {
    local name rest
    while IFS=$'\t' read -r name rest; do echo "$name"; done < <(_stickydns_pinctl list)
}

# Candidates of a name, from `show`: rows of nine columns that begin with an address, of eleven that begin with a target.
_stickydns_candidates() {
    _stickydns_pinctl show "$1" | awk -F'\t' 'NF == 11 || (NF == 9 && $1 ~ /^[0-9a-f.:%]*[.:]/) { print $1 }'
}

_stickydns_addresses() { _stickydns_pinctl list --json | grep -o '"address":"[0-9a-f.:%]*"' | cut -d'"' -f4; }
_stickydns_drained() { _stickydns_pinctl drain --json | tr -d '[]," '; }

# ---- what is offered

# Words with colons, which bash takes for several (COMP_WORDBREAKS) and completes from the last colon on.
_stickydns_colons() {
    local before=${cur%"${cur##*:}"}
    COMPREPLY=($(compgen -W "$1" -- "$cur"))
    [[ $COMP_WORDBREAKS != *:* ]] || COMPREPLY=("${COMPREPLY[@]#"$before"}")
}

_stickydns_offer() { # WHAT, in the words of --help
    case $1 in
    'HOST|ADDR'*) _stickydns_colons "$(_stickydns_names) $(_stickydns_addresses)" ;;
    HOST* | NAME) COMPREPLY=($(compgen -W "$(_stickydns_names)" -- "$cur")) ;;
    ADDR*)
        case $command in
        drain | list | show | events | top) _stickydns_colons "$(_stickydns_addresses)" ;;
        undrain) _stickydns_colons "$(_stickydns_drained)" ;;
        *) _stickydns_colons "$(_stickydns_candidates "${given[0]-}")" ;;
        esac
        ;;
    CMD*) COMPREPLY=($(compgen -c -- "$cur")) ;;
    FILE* | PATH | LOG) COMPREPLY=($(compgen -f -- "$cur")) ;;
    GROUP) COMPREPLY=($(compgen -g -- "$cur")) ;;
    esac
}

_stickydns() {
    local line=${COMP_LINE:0:COMP_POINT} cur= command= word option value i
    local before=() given=() commands=() wanted=() options=() with=()
    local -A takes=()
    COMPREPLY=()
    # Words as the shell gives them to a program: COMP_WORDS has them in pieces, at colons and equals signs.
    read -ra before <<<"$line"
    if [[ $line != *[[:space:]] ]]; then
        cur=${before[-1]}
        unset 'before[-1]'
    fi
    _stickydns_learn "${before[0]}" || return
    option=
    for word in "${before[@]:1}"; do
        if [[ -n $option ]]; then
            value=$word
        elif [[ $word == --*=* ]]; then
            option=${word%%=*} value=${word#*=}
        elif [[ $word == -?* ]]; then
            [[ -z ${takes[$word]-} ]] || option=$word
            continue
        else
            if [[ -z $command && ${#commands[@]} -gt 0 ]]; then
                command=$word
                _stickydns_learn "${before[0]}" "$command" || return
            else
                given+=("$word")
                [[ $command != run ]] || break
            fi
            continue
        fi
        [[ $option != -t && $option != --table ]] || with=(--table "$value")
        option=
    done
    if [[ $command == run && ${#given[@]} -gt 0 ]]; then
        for ((i = 1; i < COMP_CWORD; i++)); do [[ ${COMP_WORDS[i]} != "${given[0]}" ]] || break; done
        ! declare -F _command_offset >/dev/null || _command_offset "$i"
        return
    fi

    if [[ -z $option && $cur == --*=* ]]; then
        option=${cur%%=*} cur=${cur#*=}
    fi
    if [[ -n $option ]]; then
        [[ $option == --cgroup || $option == -c ]] || _stickydns_offer "${takes[$option]-}"
    elif [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "${options[*]}" -- "$cur"))
    elif [[ -z $command && ${#commands[@]} -gt 0 ]]; then
        COMPREPLY=($(compgen -W "${commands[*]}" -- "$cur"))
    elif ((${#given[@]} < ${#wanted[@]})); then
        _stickydns_offer "${wanted[${#given[@]}]}"
    elif [[ ${wanted[*]} == *... && ${wanted[-1]} != *,* ]]; then
        _stickydns_offer "${wanted[-1]}"
    fi
}

complete -F _stickydns pinctl pinwatch pinkeeper
