#compdef {{.Name}}
# zsh completion for {{.Name}}: install this file as _{{.Name}} in a directory of
# fpath, or source it after compinit.

_{{.Func}}() {
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
{{- range .Commands}}{{if .Subs}}
        {{sh .Path}})
            pending={{sh .Pending}}
            unnamed={{sh .Unnamed}}
            default={{sh .DefaultPath}}
            ;;
{{- end}}{{end}}
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
{{- range $c := .Commands}}{{range $sub := .Subs}}{{range .Names}}
        {{sh (print $c.Path " " .)}}) node={{sh $sub.Path}} start=i ;;
{{- end}}{{end}}{{end}}
        *)
            node=$default
            break
            ;;
        esac
    done

    words=("${(@)words[start,-1]}")
    ((CURRENT -= start - 1))
    case $node in
{{- range .Commands}}
    {{sh .Path}})
        {{- if .Subs}}
        commands=(
            {{- range .Subs}}
            {{sh (print (colon .Name) ":" (colon .Help))}}
            {{- end}}
        )
        {{- end}}
        _arguments -s -S : \
            {{- range .Flags}}
            {{zshflag .}} \
            {{- end}}
            {{- if .Subs}}
            '1: :->first' \
            {{- else}}{{range $i, $a := .Args}}
            {{zsharg $i .}} \
            {{- end}}{{end}}
            && ret=0
        {{- if .Subs}}
        if [[ $state == first ]]; then
            _describe -t commands command commands && ret=0
            {{- with .Args}}{{with index . 0}}
            {{if .Files}}_files{{else}}compadd -- {{shwords .Words}}{{end}} && ret=0
            {{- end}}{{end}}
        fi
        {{- end}}
        ;;
{{- end}}
    esac
    return ret
}

# Autoloaded from fpath, this file is itself the function's first call.
if [[ $funcstack[1] == _{{.Func}} ]]; then
    _{{.Func}} "$@"
else
    compdef _{{.Func}} {{sh .Name}}
fi
