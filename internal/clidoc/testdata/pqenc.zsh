#compdef pqenc
# zsh completion for pqenc: install this file as _pqenc in a directory of
# fpath, or source it after compinit.

_pqenc() {
    local curcontext=$curcontext context state state_descr line
    local node='' default pending unnamed word MATCH
    local -i i start=1 ret=1 MBEGIN MEND
    local -a commands match mbegin mend
    typeset -A opt_args

    # Walk to the command: flags and their values may stand before it. pending
    # matches a flag whose value is the next word, unnamed what shows that the
    # default command runs.
    for ((i = 2; i < CURRENT; i++)); do
        word=$words[i]
        case $node in
        '')
            pending='^(--config|--recipient|--identity|--output|--jobs|--report|-(h|q|v|d)*(r|i|o))$'
            unnamed='^(--|(--decrypt|--recipient|--identity|--output|--progress|--no-progress|--jobs|--report)(=.*)?|-(h|q|v)*(d|r|i|o).*)$'
            default=auto
            ;;
        key)
            pending='^(--config|--dir)$'
            unnamed='^$'
            default=key
            ;;
        *) break ;;
        esac
        if [[ $word == -?* ]]; then
            if [[ $word =~ $unnamed ]]; then
                node=$default
            elif [[ $word =~ $pending ]]; then
                ((i++))
            fi
            continue
        fi
        case "$node $word" in
        ' encrypt') node=encrypt start=i ;;
        ' enc') node=encrypt start=i ;;
        ' decrypt') node=decrypt start=i ;;
        ' key') node=key start=i ;;
        ' completion') node=completion start=i ;;
        ' odd') node=odd start=i ;;
        'key list') node='key list' start=i ;;
        'key add') node='key add' start=i ;;
        *)
            node=$default
            break
            ;;
        esac
    done

    words=("${(@)words[start,-1]}")
    ((CURRENT -= start - 1))
    case $node in
    '')
        commands=(
            'encrypt:Encrypt a file'
            'decrypt:Decrypt a file'
            'key:Look after keys'
            'completion:Print a completion script'
            'odd:It'\''s [odd]\: \\ $HOME and ~bob'\''s "dots"'
        )
        _arguments -s -S : \
            '(-h --help)-h[Show context-sensitive help]' '(-h --help)--help[Show context-sensitive help]' \
            '(-q --quiet)-q[Print errors only]' '(-q --quiet)--quiet[Print errors only]' \
            '*-v[Say more; repeat for more still]' '*--verbose[Say more; repeat for more still]' \
            '--config=[Read settings from this file]:config:_files' \
            '--version[Print the version and exit]' \
            '(-d --decrypt)-d[Decrypt instead of encrypting]' '(-d --decrypt)--decrypt[Decrypt instead of encrypting]' \
            '*-r+[Encrypt to this public key]:KEY:_files' '*--recipient=[Encrypt to this public key]:KEY:_files' \
            '*-i+[Decrypt with this private key]:KEY:_files' '*--identity=[Decrypt with this private key]:KEY:_files' \
            '(-o --output)-o+[Write to this file]:FILE:_files' '(-o --output)--output=[Write to this file]:FILE:_files' \
            '--progress[Show progress]' \
            '--no-progress[opposite of --progress]' \
            '--jobs=[Use this many cores]:jobs: ' \
            '--report=[Report as text,json]:report:(text json)' \
            '1: :->first' \
            && ret=0
        if [[ $state == first ]]; then
            _describe -t commands command commands && ret=0
            _files && ret=0
        fi
        ;;
    auto)
        _arguments -s -S : \
            '(-h --help)-h[Show context-sensitive help]' '(-h --help)--help[Show context-sensitive help]' \
            '(-q --quiet)-q[Print errors only]' '(-q --quiet)--quiet[Print errors only]' \
            '*-v[Say more; repeat for more still]' '*--verbose[Say more; repeat for more still]' \
            '--config=[Read settings from this file]:config:_files' \
            '--version[Print the version and exit]' \
            '(-d --decrypt)-d[Decrypt instead of encrypting]' '(-d --decrypt)--decrypt[Decrypt instead of encrypting]' \
            '*-r+[Encrypt to this public key]:KEY:_files' '*--recipient=[Encrypt to this public key]:KEY:_files' \
            '*-i+[Decrypt with this private key]:KEY:_files' '*--identity=[Decrypt with this private key]:KEY:_files' \
            '(-o --output)-o+[Write to this file]:FILE:_files' '(-o --output)--output=[Write to this file]:FILE:_files' \
            '--progress[Show progress]' \
            '--no-progress[opposite of --progress]' \
            '--jobs=[Use this many cores]:jobs: ' \
            '--report=[Report as text,json]:report:(text json)' \
            '1:file:_files' \
            && ret=0
        ;;
    encrypt)
        _arguments -s -S : \
            '(-h --help)-h[Show context-sensitive help]' '(-h --help)--help[Show context-sensitive help]' \
            '(-q --quiet)-q[Print errors only]' '(-q --quiet)--quiet[Print errors only]' \
            '*-v[Say more; repeat for more still]' '*--verbose[Say more; repeat for more still]' \
            '--config=[Read settings from this file]:config:_files' \
            '--version[Print the version and exit]' \
            '*-r+[Encrypt to this public key; may be repeated]:KEY:_files' '*--recipient=[Encrypt to this public key; may be repeated]:KEY:_files' \
            '(-a --armor)-a[Write text instead of bytes]' '(-a --armor)--armor[Write text instead of bytes]' \
            '(-o --output)-o+[Write to this file]:FILE:_files' '(-o --output)--output=[Write to this file]:FILE:_files' \
            '--progress[Show progress]' \
            '--no-progress[opposite of --progress]' \
            '--jobs=[Use this many cores]:jobs: ' \
            '--report=[Report as text,json]:report:(text json)' \
            '1:file:_files' \
            && ret=0
        ;;
    decrypt)
        _arguments -s -S : \
            '(-h --help)-h[Show context-sensitive help]' '(-h --help)--help[Show context-sensitive help]' \
            '(-q --quiet)-q[Print errors only]' '(-q --quiet)--quiet[Print errors only]' \
            '*-v[Say more; repeat for more still]' '*--verbose[Say more; repeat for more still]' \
            '--config=[Read settings from this file]:config:_files' \
            '--version[Print the version and exit]' \
            '*-i+[Decrypt with this private key]:KEY:_files' '*--identity=[Decrypt with this private key]:KEY:_files' \
            '(-o --output)-o+[Write to this file]:FILE:_files' '(-o --output)--output=[Write to this file]:FILE:_files' \
            '--progress[Show progress]' \
            '--no-progress[opposite of --progress]' \
            '--jobs=[Use this many cores]:jobs: ' \
            '--report=[Report as text,json]:report:(text json)' \
            '1:file:_files' \
            && ret=0
        ;;
    key)
        commands=(
            'list:List the keys'
            'add:Add a key'
        )
        _arguments -s -S : \
            '(-h --help)-h[Show context-sensitive help]' '(-h --help)--help[Show context-sensitive help]' \
            '(-q --quiet)-q[Print errors only]' '(-q --quiet)--quiet[Print errors only]' \
            '*-v[Say more; repeat for more still]' '*--verbose[Say more; repeat for more still]' \
            '--config=[Read settings from this file]:config:_files' \
            '--version[Print the version and exit]' \
            '--dir=[Where the keys are]:dir:_files' \
            '1: :->first' \
            && ret=0
        if [[ $state == first ]]; then
            _describe -t commands command commands && ret=0
        fi
        ;;
    'key list')
        _arguments -s -S : \
            '(-h --help)-h[Show context-sensitive help]' '(-h --help)--help[Show context-sensitive help]' \
            '(-q --quiet)-q[Print errors only]' '(-q --quiet)--quiet[Print errors only]' \
            '*-v[Say more; repeat for more still]' '*--verbose[Say more; repeat for more still]' \
            '--config=[Read settings from this file]:config:_files' \
            '--version[Print the version and exit]' \
            '--dir=[Where the keys are]:dir:_files' \
            && ret=0
        ;;
    'key add')
        _arguments -s -S : \
            '(-h --help)-h[Show context-sensitive help]' '(-h --help)--help[Show context-sensitive help]' \
            '(-q --quiet)-q[Print errors only]' '(-q --quiet)--quiet[Print errors only]' \
            '*-v[Say more; repeat for more still]' '*--verbose[Say more; repeat for more still]' \
            '--config=[Read settings from this file]:config:_files' \
            '--version[Print the version and exit]' \
            '--dir=[Where the keys are]:dir:_files' \
            '--name=[Name of the new key]:name: ' \
            '*:files:_files' \
            && ret=0
        ;;
    completion)
        _arguments -s -S : \
            '(-h --help)-h[Show context-sensitive help]' '(-h --help)--help[Show context-sensitive help]' \
            '(-q --quiet)-q[Print errors only]' '(-q --quiet)--quiet[Print errors only]' \
            '*-v[Say more; repeat for more still]' '*--verbose[Say more; repeat for more still]' \
            '--config=[Read settings from this file]:config:_files' \
            '--version[Print the version and exit]' \
            '1:shell:(bash fish zsh)' \
            && ret=0
        ;;
    odd)
        _arguments -s -S : \
            '(-h --help)-h[Show context-sensitive help]' '(-h --help)--help[Show context-sensitive help]' \
            '(-q --quiet)-q[Print errors only]' '(-q --quiet)--quiet[Print errors only]' \
            '*-v[Say more; repeat for more still]' '*--verbose[Say more; repeat for more still]' \
            '--config=[Read settings from this file]:config:_files' \
            '--version[Print the version and exit]' \
            '--mode=[Pick '\''one'\'': \[a\] or \\b\\, not $(ls) or ODD]:mode:('\''it'\''\'\'''\''s'\'' '\''a b'\'' '\''c\:d'\'' '\''$HOME'\'' '\''z('\'')' \
            '--what=[.dot leads, 100% "sure"; see https://example.org]:what: ' \
            && ret=0
        ;;
    esac
    return ret
}

# Autoloaded from fpath, this file is itself the function's first call.
if [[ $funcstack[1] == _pqenc ]]; then
    _pqenc "$@"
else
    compdef _pqenc pqenc
fi
