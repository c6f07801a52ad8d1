#compdef pinctl pinwatch pinkeeper
# zsh completion for pinctl(1), pinwatch(8) and pinkeeper(8).
#
# Commands, options and words are those that the tool's --help tells, so this file has no lists that could be out of date:
#
#     Usage: pinctl set [OPTION...] HOST ADDR[,ADDR...]        the words behind the options
#       -T, --ttl=TIME             how long it holds           an option, and what its value is
#     Commands (each with --help):
#       list      what is pinned                               a command

# ---- what the table holds

_stickydns_pinctl() {
    local which=${opt_args[--table]-${opt_args[-t]-$table}}
    command pinctl ${which:+--table=${(Q)which}} "$@" 2>/dev/null
}

_stickydns_names() {
    local -aU names=(${${(f)"$(_stickydns_pinctl list)"}%%$'\t'*})
    _wanted names expl name compadd -a "$@" - names
}

# Candidates of the name before it, from `show`: rows of nine columns that begin with an address, of eleven that begin with a
# target; without a name, all addresses.
_stickydns_addresses() {
    local -aU addresses
    local row columns
    case $command in
    drain) addresses=(${${(M)${(s:,:)"$(_stickydns_pinctl list --json)"}:#*\"address\":\"*}//(#m)*/${${MATCH##*\"address\":\"}%%\"*}}) ;;
    undrain) addresses=(${=${"$(_stickydns_pinctl drain --json)"//[\]\[\",]/ }}) ;;
    *)
        for row in ${(f)"$(_stickydns_pinctl show $line[1])"}; do
            columns=("${(@ps:\t:)row}")
            (( $#columns == 11 )) || [[ $#columns == 9 && $columns[1] == [0-9a-f.:]##[.:]* ]] || continue
            addresses+=($columns[1])
        done
        ;;
    esac
    _wanted addresses expl address compadd -a "$@" - addresses
}

_stickydns_programs() { _alternative 'commands:command:_command_names -e' 'processes:process:_pids' }

# ---- what --help says, as _arguments has it

_stickydns_action() { # WHAT, in the words of --help
    case $1 in
    HOST*|NAME) REPLY=_stickydns_names ;;
    ADDR*) REPLY=_stickydns_addresses ;;
    CMD*) REPLY=_stickydns_programs ;;
    CGROUP) REPLY='_files -/ -W /sys/fs/cgroup' ;;
    FILE|PATH|LOG) REPLY=_files ;;
    GROUP) REPLY=_groups ;;
    *) REPLY=' ' ;;
    esac
}

_stickydns_options() { # HELP TEXT : into `specs`
    local row short long value text REPLY
    for row in ${(f)1}; do
        [[ $row =~ '^ +(-(.), )?--([a-z-]+)(=([^ ]+))?( +(.*))?$' ]] || continue
        short=$match[2] long=$match[3] value=$match[5] text=${match[7]//(#m)[\[\]:\\]/\\$MATCH}
        if [[ -z $value ]]; then
            specs+=("${short:+(--$long)-$short}${short:+[$text]}" "${short:+(-$short)}--${long}[$text]")
        else
            [[ $long != cgroup ]] && _stickydns_action $value || _stickydns_action CGROUP
            specs+=("${short:+(--$long)-$short+[$text]:$value:$REPLY}" "${short:+(-$short)}--$long=[$text]:$value:$REPLY")
        fi
    done
    specs=(${specs:#})
}

_stickydns_words() { # HELP TEXT : into `specs`
    local word REPLY usage=${${(M)${(f)1}:#Usage:*}[1]#*'[OPTION...]'}
    local -i n=0
    usage=${${usage//--[a-z]## [A-Z]##/}//\[--\]/}
    for word in ${=usage}; do
        _stickydns_action ${word//[\]\[]/}
        if [[ $command == run ]]; then
            specs+=('(-)1:command: _command_names -e' '*::argument:_normal')
            return
        elif [[ $word == *...* && $word != *,* ]]; then
            specs+=("*:${word//[\]\[]/}:$REPLY")
        else
            specs+=("$((++n)):${${word%%,*}//[\]\[]/}:$REPLY")
        fi
    done
}

_stickydns() {
    setopt localoptions extendedglob
    local tool=$words[1] help command curcontext=$curcontext state expl row
    local -a specs known line match mbegin mend
    local -A opt_args
    help=$(command ${(Q)tool} --help 2>/dev/null) || return
    for row in ${(f)${help#*Commands (each with --help):}}; do
        [[ $row != '  '[a-z]##\ * ]] || known+=("${row[(w)1]}:${row##  [a-z]# #}")
    done
    [[ $help == *'Commands ('* ]] || known=()
    _stickydns_options $help
    if (( $#known == 0 )); then
        _stickydns_words $help
        _arguments -s $specs
        return
    fi
    _arguments -s -C $specs '1:command:->command' '*::word:->word'
    local table=${opt_args[--table]-${opt_args[-t]-}}      # before the command
    case $state in
    command) _describe -t commands command known ;;
    word)
        command=$words[1] specs=()
        help=$(command ${(Q)tool} ${(Q)command} --help 2>/dev/null) || return
        _stickydns_options $help
        _stickydns_words $help
        _arguments -s $specs
        ;;
    esac
}

_stickydns "$@"
