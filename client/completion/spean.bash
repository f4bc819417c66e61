# Bash completion of spean: commands, options and their values are asked of the program itself, which
# asks no server. Where a company or a file may stand, files are offered.

_spean()
{
    local words
    COMPREPLY=()
    words=$("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return 0
    if [ -n "$words" ]; then
        mapfile -t COMPREPLY <<<"$words"
    fi
    return 0
}

complete -o default -F _spean spean
