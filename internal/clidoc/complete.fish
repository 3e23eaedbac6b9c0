{{- define "fishvalue"}}{{if .Files}}-F{{else if .Words}}-f -a {{fishwords .Words | fish}}{{else}}-f{{end}}{{end -}}
# fish completion for {{.Name}}: source this file, or install it as {{.Name}}.fish
# in ~/.config/fish/completions.

# Prints the command that the words before the cursor name: flags and their
# values may stand before it. pending matches a flag whose value is the next
# word, unnamed what shows that the default command runs.
function __{{.Func}}_command
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
{{- range .Commands}}{{if .Subs}}
            case {{fish .Path}}
                set pending {{fish .Pending}}
                set unnamed {{fish .Unnamed}}
                set default {{fish .DefaultPath}}
{{- end}}{{end}}
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
{{- range $c := .Commands}}{{range $sub := .Subs}}{{range .Names}}
            case {{fish (print $c.Path " " .)}}
                set node {{fish $sub.Path}}
{{- end}}{{end}}{{end}}
            case '*'
                set node $default
                break
        end
    end
    echo $node
end

function __{{.Func}}_at
    set -l node (__{{.Func}}_command)
    test "$node" = "$argv[1]"
end

complete -c {{fish .Name}} -f
{{- range $c := .Commands}}
{{- $at := fish (print "__" $.Func "_at " (fish .Path))}}
{{range .Subs}}
complete -c {{fish $.Name}} -n {{$at}} -a {{fish .Name}} -d {{fish .Help}}
{{- end}}
{{- range .Args}}
complete -c {{fish $.Name}} -n {{$at}} {{template "fishvalue" .}}
{{- end}}
{{- range .Flags}}
complete -c {{fish $.Name}} -n {{$at}}{{with .Short}} -s {{fish (slice . 1)}}{{end}} -l {{fish (slice .Long 2)}}
{{- with .Takes}} -r {{template "fishvalue" .}}{{end}} -d {{fish .Help}}
{{- end}}
{{- end}}
