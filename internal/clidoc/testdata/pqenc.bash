# bash completion for pqenc: source this file, or install it as pqenc in
# ~/.local/share/bash-completion/completions.

# Sets what the command $1 accepts. pending matches a flag whose value is the
# next word, unnamed what shows that the default command runs.
_pqenc_command() {
    node=$1 commands=()
    case $1 in
    '')
        flags=(--help -h --quiet -q --verbose -v --config --version --decrypt -d --recipient -r --identity -i --output -o --progress --no-progress --jobs --report)
        commands=(encrypt decrypt key completion odd)
        pending='^(--config|--recipient|--identity|--output|--jobs|--report|-(h|q|v|d)*(r|i|o))$'
        unnamed='^(--|(--decrypt|--recipient|--identity|--output|--progress|--no-progress|--jobs|--report)(=.*)?|-(h|q|v)*(d|r|i|o).*)$'
        default=auto
        ;;
    auto)
        flags=(--help -h --quiet -q --verbose -v --config --version --decrypt -d --recipient -r --identity -i --output -o --progress --no-progress --jobs --report)
        pending='^(--config|--recipient|--identity|--output|--jobs|--report|-(h|q|v|d)*(r|i|o))$'
        unnamed='^$'
        default=auto
        ;;
    encrypt)
        flags=(--help -h --quiet -q --verbose -v --config --version --recipient -r --armor -a --output -o --progress --no-progress --jobs --report)
        pending='^(--config|--recipient|--output|--jobs|--report|-(h|q|v|a)*(r|o))$'
        unnamed='^$'
        default=encrypt
        ;;
    decrypt)
        flags=(--help -h --quiet -q --verbose -v --config --version --identity -i --output -o --progress --no-progress --jobs --report)
        pending='^(--config|--identity|--output|--jobs|--report|-(h|q|v)*(i|o))$'
        unnamed='^$'
        default=decrypt
        ;;
    key)
        flags=(--help -h --quiet -q --verbose -v --config --version --dir)
        commands=(list add)
        pending='^(--config|--dir)$'
        unnamed='^$'
        default=key
        ;;
    'key list')
        flags=(--help -h --quiet -q --verbose -v --config --version --dir)
        pending='^(--config|--dir)$'
        unnamed='^$'
        default='key list'
        ;;
    'key add')
        flags=(--help -h --quiet -q --verbose -v --config --version --dir --name)
        pending='^(--config|--dir|--name)$'
        unnamed='^$'
        default='key add'
        ;;
    completion)
        flags=(--help -h --quiet -q --verbose -v --config --version)
        pending='^(--config)$'
        unnamed='^$'
        default=completion
        ;;
    odd)
        flags=(--help -h --quiet -q --verbose -v --config --version --mode --what)
        pending='^(--config|--mode|--what)$'
        unnamed='^$'
        default=odd
        ;;
    esac
}

# Goes down to the command that the argument $1 names, or counts it.
_pqenc_argument() {
    case "$args $node $1" in
    '0  encrypt') _pqenc_command encrypt ;;
    '0  enc') _pqenc_command encrypt ;;
    '0  decrypt') _pqenc_command decrypt ;;
    '0  key') _pqenc_command key ;;
    '0  completion') _pqenc_command completion ;;
    '0  odd') _pqenc_command odd ;;
    '0 key list') _pqenc_command 'key list' ;;
    '0 key add') _pqenc_command 'key add' ;;
    *)
        _pqenc_command "$default"
        ((args += 1))
        ;;
    esac
}

# Sets words or files to what may follow "command flag" or, for an argument,
# "command number".
_pqenc_value() {
    case $1 in
    *' <') files=1 ;;
    ' --config') files=1 ;;
    ' --recipient' | ' -r') files=1 ;;
    ' --identity' | ' -i') files=1 ;;
    ' --output' | ' -o') files=1 ;;
    ' --report') words=(text json) ;;
    ' 0') files=1 ;;
    'auto --config') files=1 ;;
    'auto --recipient' | 'auto -r') files=1 ;;
    'auto --identity' | 'auto -i') files=1 ;;
    'auto --output' | 'auto -o') files=1 ;;
    'auto --report') words=(text json) ;;
    'auto 0') files=1 ;;
    'encrypt --config') files=1 ;;
    'encrypt --recipient' | 'encrypt -r') files=1 ;;
    'encrypt --output' | 'encrypt -o') files=1 ;;
    'encrypt --report') words=(text json) ;;
    'encrypt 0') files=1 ;;
    'decrypt --config') files=1 ;;
    'decrypt --identity' | 'decrypt -i') files=1 ;;
    'decrypt --output' | 'decrypt -o') files=1 ;;
    'decrypt --report') words=(text json) ;;
    'decrypt 0') files=1 ;;
    'key --config') files=1 ;;
    'key --dir') files=1 ;;
    'key list --config') files=1 ;;
    'key list --dir') files=1 ;;
    'key add --config') files=1 ;;
    'key add --dir') files=1 ;;
    'key add '[0-9]*) files=1 ;;
    'completion --config') files=1 ;;
    'completion 0') words=(bash fish zsh) ;;
    'odd --config') files=1 ;;
    'odd --mode') words=('it'\''s' 'a b' 'c:d' '$HOME' 'z(') ;;
    esac
}

_pqenc() {
    local node flags commands pending unnamed default
    local line=() word part i

    # Readline splits words at = and : as well; put them together again.
    for ((i = 1; i <= COMP_CWORD; i++)); do
        part=${COMP_WORDS[i]}
        if ((i > 1)) && [[ $part == [=:]* || ${COMP_WORDS[i - 1]} == [=:]* ]]; then
            line[${#line[@]} - 1]+=$part
        else
            line+=("$part")
        fi
    done

    # Walk to the command, the flag that waits for its value, and the number
    # of arguments.
    local flag= args=0 ended=
    _pqenc_command ''
    for ((i = 0; i < ${#line[@]} - 1; i++)); do
        word=${line[i]}
        if [[ $flag ]]; then
            flag=
        elif [[ $word == *[\<\>] ]]; then
            flag='<'
        elif [[ ! $ended && $word == -?* ]]; then
            [[ $word == -- ]] && ended=1
            [[ $word =~ $unnamed ]] && _pqenc_command "$default"
            if [[ $word =~ $pending ]]; then
                flag=$word
                [[ $word == --* ]] || flag=-${word: -1}
            fi
        else
            _pqenc_argument "$word"
        fi
    done

    # Readline replaces only the last part of the word, so drop what is before.
    local cur=${line[i]} prefix= words=() files= keep
    [[ $part == [=:]* ]] && part=
    keep=${cur%"$part"}
    if [[ ! $flag && ! $ended && $cur == --*=* ]]; then
        flag=${cur%%=*} prefix=${cur%%=*}= cur=${cur#*=}
    fi
    if [[ $flag ]]; then
        _pqenc_value "$node $flag"
    elif [[ ! $ended && $cur == -* ]]; then
        words=("${flags[@]}")
    else
        _pqenc_value "$node $args"
        ((args > 0)) || words+=("${commands[@]}")
    fi

    COMPREPLY=()
    for word in "${words[@]}"; do
        if [[ $word == "$cur"* ]]; then
            printf -v word %q "$prefix$word"
            COMPREPLY+=("${word#"$keep"}")
        fi
    done
    # Where a file may stand and nothing else fits, readline completes it.
    if [[ ! $files ]]; then
        compopt +o default 2>/dev/null
    elif ((${#COMPREPLY[@]})); then
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do
            [[ $word ]] && COMPREPLY+=("$word")
        done <<<"$(compgen -f -- "$cur")"
    fi
    return 0
}

complete -o bashdefault -o default -F _pqenc pqenc
