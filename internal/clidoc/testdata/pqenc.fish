# fish completion for pqenc: source this file, or install it as pqenc.fish
# in ~/.config/fish/completions.

# Prints the command that the words before the cursor name: flags and their
# values may stand before it. pending matches a flag whose value is the next
# word, unnamed what shows that the default command runs.
function __pqenc_command
    set -l node ''
    set -l value 0
    set -l pending
    set -l unnamed
    set -l default
    set -l words (commandline -opc)
    set -e words[1]
    for word in $words
        if test $value = 1
            set value 0
            continue
        end
        switch $node
            case ''
                set pending '^(--config|--recipient|--identity|--output|--jobs|--report|-(h|q|v|d)*(r|i|o))$'
                set unnamed '^(--|(--decrypt|--recipient|--identity|--output|--progress|--no-progress|--jobs|--report)(=.*)?|-(h|q|v)*(d|r|i|o).*)$'
                set default auto
            case key
                set pending '^(--config|--dir)$'
                set unnamed '^$'
                set default key
            case '*'
                break
        end
        if string match -qr -- '^-.' $word
            if string match -qr -- $unnamed $word
                set node $default
            else if string match -qr -- $pending $word
                set value 1
            end
            continue
        end
        switch "$node $word"
            case ' encrypt'
                set node encrypt
            case ' enc'
                set node encrypt
            case ' decrypt'
                set node decrypt
            case ' key'
                set node key
            case ' completion'
                set node completion
            case ' odd'
                set node odd
            case 'key list'
                set node 'key list'
            case 'key add'
                set node 'key add'
            case '*'
                set node $default
                break
        end
    end
    echo $node
end

function __pqenc_at
    set -l node (__pqenc_command)
    test "$node" = "$argv[1]"
end

complete -c pqenc -f

complete -c pqenc -n '__pqenc_at \'\'' -a encrypt -d 'Encrypt a file'
complete -c pqenc -n '__pqenc_at \'\'' -a decrypt -d 'Decrypt a file'
complete -c pqenc -n '__pqenc_at \'\'' -a key -d 'Look after keys'
complete -c pqenc -n '__pqenc_at \'\'' -a completion -d 'Print a completion script'
complete -c pqenc -n '__pqenc_at \'\'' -a odd -d 'It\'s [odd]: \\ $HOME and ~bob\'s "dots"'
complete -c pqenc -n '__pqenc_at \'\'' -F
complete -c pqenc -n '__pqenc_at \'\'' -s h -l help -d 'Show context-sensitive help'
complete -c pqenc -n '__pqenc_at \'\'' -s q -l quiet -d 'Print errors only'
complete -c pqenc -n '__pqenc_at \'\'' -s v -l verbose -d 'Say more; repeat for more still'
complete -c pqenc -n '__pqenc_at \'\'' -l config -r -F -d 'Read settings from this file'
complete -c pqenc -n '__pqenc_at \'\'' -l version -d 'Print the version and exit'
complete -c pqenc -n '__pqenc_at \'\'' -s d -l decrypt -d 'Decrypt instead of encrypting'
complete -c pqenc -n '__pqenc_at \'\'' -s r -l recipient -r -F -d 'Encrypt to this public key'
complete -c pqenc -n '__pqenc_at \'\'' -s i -l identity -r -F -d 'Decrypt with this private key'
complete -c pqenc -n '__pqenc_at \'\'' -s o -l output -r -F -d 'Write to this file'
complete -c pqenc -n '__pqenc_at \'\'' -l progress -d 'Show progress'
complete -c pqenc -n '__pqenc_at \'\'' -l no-progress -d 'opposite of --progress'
complete -c pqenc -n '__pqenc_at \'\'' -l jobs -r -f -d 'Use this many cores'
complete -c pqenc -n '__pqenc_at \'\'' -l report -r -f -a 'text json' -d 'Report as text,json'

complete -c pqenc -n '__pqenc_at auto' -F
complete -c pqenc -n '__pqenc_at auto' -s h -l help -d 'Show context-sensitive help'
complete -c pqenc -n '__pqenc_at auto' -s q -l quiet -d 'Print errors only'
complete -c pqenc -n '__pqenc_at auto' -s v -l verbose -d 'Say more; repeat for more still'
complete -c pqenc -n '__pqenc_at auto' -l config -r -F -d 'Read settings from this file'
complete -c pqenc -n '__pqenc_at auto' -l version -d 'Print the version and exit'
complete -c pqenc -n '__pqenc_at auto' -s d -l decrypt -d 'Decrypt instead of encrypting'
complete -c pqenc -n '__pqenc_at auto' -s r -l recipient -r -F -d 'Encrypt to this public key'
complete -c pqenc -n '__pqenc_at auto' -s i -l identity -r -F -d 'Decrypt with this private key'
complete -c pqenc -n '__pqenc_at auto' -s o -l output -r -F -d 'Write to this file'
complete -c pqenc -n '__pqenc_at auto' -l progress -d 'Show progress'
complete -c pqenc -n '__pqenc_at auto' -l no-progress -d 'opposite of --progress'
complete -c pqenc -n '__pqenc_at auto' -l jobs -r -f -d 'Use this many cores'
complete -c pqenc -n '__pqenc_at auto' -l report -r -f -a 'text json' -d 'Report as text,json'

complete -c pqenc -n '__pqenc_at encrypt' -F
complete -c pqenc -n '__pqenc_at encrypt' -s h -l help -d 'Show context-sensitive help'
complete -c pqenc -n '__pqenc_at encrypt' -s q -l quiet -d 'Print errors only'
complete -c pqenc -n '__pqenc_at encrypt' -s v -l verbose -d 'Say more; repeat for more still'
complete -c pqenc -n '__pqenc_at encrypt' -l config -r -F -d 'Read settings from this file'
complete -c pqenc -n '__pqenc_at encrypt' -l version -d 'Print the version and exit'
complete -c pqenc -n '__pqenc_at encrypt' -s r -l recipient -r -F -d 'Encrypt to this public key; may be repeated'
complete -c pqenc -n '__pqenc_at encrypt' -s a -l armor -d 'Write text instead of bytes'
complete -c pqenc -n '__pqenc_at encrypt' -s o -l output -r -F -d 'Write to this file'
complete -c pqenc -n '__pqenc_at encrypt' -l progress -d 'Show progress'
complete -c pqenc -n '__pqenc_at encrypt' -l no-progress -d 'opposite of --progress'
complete -c pqenc -n '__pqenc_at encrypt' -l jobs -r -f -d 'Use this many cores'
complete -c pqenc -n '__pqenc_at encrypt' -l report -r -f -a 'text json' -d 'Report as text,json'

complete -c pqenc -n '__pqenc_at decrypt' -F
complete -c pqenc -n '__pqenc_at decrypt' -s h -l help -d 'Show context-sensitive help'
complete -c pqenc -n '__pqenc_at decrypt' -s q -l quiet -d 'Print errors only'
complete -c pqenc -n '__pqenc_at decrypt' -s v -l verbose -d 'Say more; repeat for more still'
complete -c pqenc -n '__pqenc_at decrypt' -l config -r -F -d 'Read settings from this file'
complete -c pqenc -n '__pqenc_at decrypt' -l version -d 'Print the version and exit'
complete -c pqenc -n '__pqenc_at decrypt' -s i -l identity -r -F -d 'Decrypt with this private key'
complete -c pqenc -n '__pqenc_at decrypt' -s o -l output -r -F -d 'Write to this file'
complete -c pqenc -n '__pqenc_at decrypt' -l progress -d 'Show progress'
complete -c pqenc -n '__pqenc_at decrypt' -l no-progress -d 'opposite of --progress'
complete -c pqenc -n '__pqenc_at decrypt' -l jobs -r -f -d 'Use this many cores'
complete -c pqenc -n '__pqenc_at decrypt' -l report -r -f -a 'text json' -d 'Report as text,json'

complete -c pqenc -n '__pqenc_at key' -a list -d 'List the keys'
complete -c pqenc -n '__pqenc_at key' -a add -d 'Add a key'
complete -c pqenc -n '__pqenc_at key' -s h -l help -d 'Show context-sensitive help'
complete -c pqenc -n '__pqenc_at key' -s q -l quiet -d 'Print errors only'
complete -c pqenc -n '__pqenc_at key' -s v -l verbose -d 'Say more; repeat for more still'
complete -c pqenc -n '__pqenc_at key' -l config -r -F -d 'Read settings from this file'
complete -c pqenc -n '__pqenc_at key' -l version -d 'Print the version and exit'
complete -c pqenc -n '__pqenc_at key' -l dir -r -F -d 'Where the keys are'

complete -c pqenc -n '__pqenc_at \'key list\'' -s h -l help -d 'Show context-sensitive help'
complete -c pqenc -n '__pqenc_at \'key list\'' -s q -l quiet -d 'Print errors only'
complete -c pqenc -n '__pqenc_at \'key list\'' -s v -l verbose -d 'Say more; repeat for more still'
complete -c pqenc -n '__pqenc_at \'key list\'' -l config -r -F -d 'Read settings from this file'
complete -c pqenc -n '__pqenc_at \'key list\'' -l version -d 'Print the version and exit'
complete -c pqenc -n '__pqenc_at \'key list\'' -l dir -r -F -d 'Where the keys are'

complete -c pqenc -n '__pqenc_at \'key add\'' -F
complete -c pqenc -n '__pqenc_at \'key add\'' -s h -l help -d 'Show context-sensitive help'
complete -c pqenc -n '__pqenc_at \'key add\'' -s q -l quiet -d 'Print errors only'
complete -c pqenc -n '__pqenc_at \'key add\'' -s v -l verbose -d 'Say more; repeat for more still'
complete -c pqenc -n '__pqenc_at \'key add\'' -l config -r -F -d 'Read settings from this file'
complete -c pqenc -n '__pqenc_at \'key add\'' -l version -d 'Print the version and exit'
complete -c pqenc -n '__pqenc_at \'key add\'' -l dir -r -F -d 'Where the keys are'
complete -c pqenc -n '__pqenc_at \'key add\'' -l name -r -f -d 'Name of the new key'

complete -c pqenc -n '__pqenc_at completion' -f -a 'bash fish zsh'
complete -c pqenc -n '__pqenc_at completion' -s h -l help -d 'Show context-sensitive help'
complete -c pqenc -n '__pqenc_at completion' -s q -l quiet -d 'Print errors only'
complete -c pqenc -n '__pqenc_at completion' -s v -l verbose -d 'Say more; repeat for more still'
complete -c pqenc -n '__pqenc_at completion' -l config -r -F -d 'Read settings from this file'
complete -c pqenc -n '__pqenc_at completion' -l version -d 'Print the version and exit'

complete -c pqenc -n '__pqenc_at odd' -s h -l help -d 'Show context-sensitive help'
complete -c pqenc -n '__pqenc_at odd' -s q -l quiet -d 'Print errors only'
complete -c pqenc -n '__pqenc_at odd' -s v -l verbose -d 'Say more; repeat for more still'
complete -c pqenc -n '__pqenc_at odd' -l config -r -F -d 'Read settings from this file'
complete -c pqenc -n '__pqenc_at odd' -l version -d 'Print the version and exit'
complete -c pqenc -n '__pqenc_at odd' -l mode -r -f -a '\'it\\\'s\' \'a b\' \'c:d\' \'$HOME\' \'z(\'' -d 'Pick \'one\': [a] or \\b\\, not $(ls) or ODD'
complete -c pqenc -n '__pqenc_at odd' -l what -r -f -d '.dot leads, 100% "sure"; see https://example.org'
