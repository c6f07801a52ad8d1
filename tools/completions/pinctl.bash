# bash completion for pinctl(1): commands, options, the names in the table, their addresses and targets.

_pinctl_names() {
    local table=()
    [[ -z ${1-} ]] || table=(--table "$1")
    pinctl "${table[@]}" list 2>/dev/null | cut -f1 | sort -u
}

# Candidates of a name, from `show`: rows of nine columns that begin with an address, of eleven that begin with a target.
_pinctl_addresses() {
    local table=()
    [[ -z ${2-} ]] || table=(--table "$2")
    pinctl "${table[@]}" show "$1" 2>/dev/null | awk -F'\t' 'NF == 11 || (NF == 9 && $1 ~ /^[0-9a-f.:%]*[.:]/) { print $1 }' | sort -u
}

# Addresses of any name, and those that are drained, an object or a string a line.
_pinctl_json() {
    local what=$1 table=()
    [[ -z ${2-} ]] || table=(--table "$2")
    pinctl "${table[@]}" "$what" --json 2>/dev/null
}

_pinctl_candidates() { _pinctl_json list "${1-}" | grep -o '"address":"[0-9a-f.:%]*"' | cut -d'"' -f4 | sort -u; }
_pinctl_drained() { _pinctl_json drain "${1-}" | tr -d '[]," '; }

# Words with colons, which bash takes for several (COMP_WORDBREAKS) and completes from the last colon on.
_pinctl_colons() {
    local whole=${COMP_LINE:0:COMP_POINT} before
    whole=${whole##*[[:space:]]}
    before=${whole%"${whole##*:}"}
    COMPREPLY=($(compgen -W "$1" -- "$whole"))
    [[ $COMP_WORDBREAKS != *:* ]] || COMPREPLY=("${COMPREPLY[@]#"$before"}")
}

_pinctl() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} word command= host= table= i
    local commands="list show set drop refresh fail ok drain undrain save restore events stats init check reload doctor run"
    local options="--table --help --usage"
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        -t | --table) table=${COMP_WORDS[++i]-} ;;
        -[Tsngcl] | --ttl | --server | --timeout | --last | --names | --group | --conf | --log | --cgroup) ((++i)) ;;
        -*) ;;
        *)
            if [[ -z $command ]]; then command=$word; elif [[ -z $host ]]; then host=$word; fi
            [[ $command != run || -z $host ]] || break
            ;;
        esac
    done
    if [[ $command == run && -n $host ]]; then
        declare -F _command_offset >/dev/null && _command_offset "$i"
        return
    fi
    case $prev in
    -t | --table | --conf | -l | --log)
        COMPREPLY=($(compgen -f -- "$cur"))
        return
        ;;
    -[Tscn] | --ttl | --server | --timeout | --last | --names | --cgroup) return ;;
    -g | --group)
        COMPREPLY=($(compgen -g -- "$cur"))
        return
        ;;
    esac
    case $command in
    list | show | stats | drain | doctor) options+=" --json" ;;
    set) options+=" --ttl" ;;
    check) options+=" --defaults" ;;
    drop) options+=" --all" ;;
    refresh) options+=" --all --server --timeout --json" ;;
    events) options+=" --follow --last --json" ;;
    init) options+=" --names --replace --empty --group --conf" ;;
    run) options+=" --names --log --cgroup" ;;
    "") options+=" --json --version" ;;
    esac
    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$cur"))
        return
    fi
    case $command in
    "") COMPREPLY=($(compgen -W "$commands" -- "$cur")) ;;
    drop | refresh) COMPREPLY=($(compgen -W "$(_pinctl_names "$table")" -- "$cur")) ;;
    show) [[ -n $host ]] || COMPREPLY=($(compgen -W "$(_pinctl_names "$table")" -- "$cur")) ;;
    set | fail | ok)
        if [[ -z $host ]]; then
            COMPREPLY=($(compgen -W "$(_pinctl_names "$table")" -- "$cur"))
        else
            _pinctl_colons "$(_pinctl_addresses "$host" "$table")"
        fi
        ;;
    drain) _pinctl_colons "$(_pinctl_candidates "$table")" ;;
    undrain) _pinctl_colons "$(_pinctl_drained "$table")" ;;
    check | reload | save | restore) COMPREPLY=($(compgen -f -- "$cur")) ;;
    run | doctor) COMPREPLY=($(compgen -c -- "$cur")) ;;
    esac
}

complete -F _pinctl pinctl
