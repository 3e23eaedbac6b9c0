{{- define "bashvalue"}}{{if .Files}}files=1{{else}}words=({{shwords .Words}}){{end}}{{end -}}
# bash completion for {{.Name}}: source this file, or install it as {{.Name}} in
# ~/.local/share/bash-completion/completions.

# Sets what the command $1 accepts. pending matches a flag whose value is the
# next word, unnamed what shows that the default command runs.
_{{.Func}}_command() {
    node=$1 commands=()
    case $1 in
{{- range .Commands}}
    {{sh .Path}})
        flags=({{range $i, $f := .Flags}}{{if $i}} {{end}}{{sh .Long}}{{with .Short}} {{sh .}}{{end}}{{end}})
        {{- with .Subs}}
        commands=({{range $i, $c := .}}{{if $i}} {{end}}{{sh .Name}}{{end}})
        {{- end}}
        pending={{sh .Pending}}
        unnamed={{sh .Unnamed}}
        default={{sh .DefaultPath}}
        ;;
{{- end}}
    esac
}

# Goes down to the command that the argument $1 names, or counts it.
_{{.Func}}_argument() {
    case "$args $node $1" in
{{- range $c := .Commands}}{{range $sub := .Subs}}{{range .Names}}
    {{sh (print "0 " $c.Path " " .)}}) _{{$.Func}}_command {{sh $sub.Path}} ;;
{{- end}}{{end}}{{end}}
    *)
        _{{.Func}}_command "$default"
        ((args += 1))
        ;;
    esac
}

# Sets words or files to what may follow "command flag" or, for an argument,
# "command number".
_{{.Func}}_value() {
    case $1 in
    *' <') files=1 ;;
{{- range $c := .Commands}}
{{- range $f := .Flags}}{{with .Takes}}{{if or .Files .Words}}
    {{range $i, $w := $f.Words}}{{if $i}} | {{end}}{{sh (print $c.Path " " $w)}}{{end}}) {{template "bashvalue" .}} ;;
{{- end}}{{end}}{{end}}
{{- range $i, $a := .Args}}
    {{if .Repeats}}{{sh (print $c.Path " ")}}[0-9]*{{else}}{{sh (print $c.Path " " $i)}}{{end}}) {{template "bashvalue" .}} ;;
{{- end}}
{{- end}}
    esac
}

_{{.Func}}() {
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
    _{{.Func}}_command ''
    for ((i = 0; i < ${#line[@]} - 1; i++)); do
        word=${line[i]}
        if [[ $flag ]]; then
            flag=
        elif [[ $word == *[\<\>] ]]; then
            flag='<'
        elif [[ ! $ended && $word == -?* ]]; then
            [[ $word == -- ]] && ended=1
            [[ $word =~ $unnamed ]] && _{{.Func}}_command "$default"
            if [[ $word =~ $pending ]]; then
                flag=$word
                [[ $word == --* ]] || flag=-${word: -1}
            fi
        else
            _{{.Func}}_argument "$word"
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
        _{{.Func}}_value "$node $flag"
    elif [[ ! $ended && $cur == -* ]]; then
        words=("${flags[@]}")
    else
        _{{.Func}}_value "$node $args"
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

complete -o bashdefault -o default -F _{{.Func}} {{sh .Name}}
