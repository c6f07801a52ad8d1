# completes.zsh DIR LINE... : what zsh offers at the end of each line, with the completions in DIR: "LINE|WORD WORD".
#
# Completion works in an interactive shell only: one that runs on a terminal of its own, where a tab is typed.
zmodload zsh/zpty
setopt extendedglob
zpty shell zsh -f -i
zpty -w shell "
    KEYTIMEOUT=1 PROMPT= PROMPT2= RKEYTIMEOUT=1 PROMPT= PROMPT_SP= zle_highlight=(none)
    unsetopt zle_bracketed_paste prompt_sp
    # compinit reads each file of fpath: there are 1000 for other programs.
    unix=(\${(M)fpath:#*/Completion/Unix})
    autoload -Uz compinit \$unix/*(N:t)
    fpath=(${(q)1} \${(M)fpath:#*/Completion(/Base|/Zsh|)})
    compinit -u -D
    fpath+=(\$unix)
    zstyle ':completion:*' menu no
    # What is offered is printed, and not put into the line.
    compadd() {
        local -a offered
        if (( ! \${@[(I)-[OAD]]} )); then
            builtin compadd -O offered \"\$@\"
            print -rl -- '<'\${^offered}'>'
        fi
        builtin compadd \"\$@\"
    }
    finish() { compstate[insert]= compstate[list]=; comppostfuncs=(finish); print '<END>' }
    comppostfuncs=(finish)
    bindkey '^I' complete-word '^U' kill-whole-line
    print '<READY'\>"
zpty -r -m shell seen '*<READY>*'
for line in "${@:2}"; do
    zpty -n -w shell $'\x15'$line$'\t'
    zpty -r -m shell seen '*<END>*'
    offered=(${${(M)${(f)seen//\</$'\n'<}:#<*>*}//(#m)*/${${MATCH#<}%%>*}})
    offered=(${(ou)offered:#(END|READY)})
    print -r -- "$line|$offered"
done
zpty -d shell
