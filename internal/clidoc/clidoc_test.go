// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package clidoc

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// grammar has one of everything: a hidden default command, flags of each kind,
// nested commands, and help texts with every character that a shell or roff
// could take for its own.
type grammar struct {
	Quiet   bool             `short:"q" help:"Print errors only."`
	Verbose int              `short:"v" type:"counter" help:"Say more; repeat for more still."`
	Config  string           `type:"existingfile" env:"PQENC_CONFIG" help:"Read settings from this file."`
	Version kong.VersionFlag `help:"Print the version and exit."`
	Secret  string           `hidden:"" help:"Not to be seen."`

	Auto       both       `cmd:"" hidden:"" default:"withargs" help:"Encrypt or, with -d, decrypt."`
	Encrypt    encrypt    `cmd:"" aliases:"enc" help:"Encrypt a file. Without one, encrypt standard input."`
	Decrypt    decrypt    `cmd:"" help:"Decrypt a file."`
	Key        key        `cmd:"" help:"Look after keys."`
	Get        get        `cmd:"" help:"Get objects."`
	Completion completion `cmd:"" help:"Print a completion script."`
	Odd        odd        `cmd:"" help:"It's [odd]: \\ $HOME and ~bob's \"dots\"."`
	Buried     struct {
		Treasure struct{} `cmd:""`
	} `cmd:"" hidden:"" help:"Not to be seen."`
}

type encrypt struct {
	Recipients []string `short:"r" name:"recipient" type:"existingfile" placeholder:"KEY" sep:"none" help:"Encrypt to this public key; may be repeated."`
	Armor      bool     `short:"a" help:"Write text instead of bytes."`
	output
	input
}

func (key) Help() string { return "A key can be named by its name." }

func (encrypt) Help() string {
	return `The recipients' keys are read from files.
.pub files are written by keygen.

    pqenc encrypt -r 'lab key.pub' < in > out.pqe
    .hidden "quoted" \n --flag=~user^2` + " `ls`" + `
    	tab

Then:

  - a list
  - of two

# Naïve heading

After it, a link: https://example.org/a-b and “quotes”.`
}

type decrypt struct {
	Identities []string `short:"i" name:"identity" type:"existingfile" placeholder:"KEY" sep:"none" help:"Decrypt with this private key."`
	output
	input
}

type both struct {
	Decrypt    bool     `short:"d" help:"Decrypt instead of encrypting."`
	Recipients []string `short:"r" name:"recipient" type:"existingfile" complete:"keys" placeholder:"KEY" sep:"none" help:"Encrypt to this public key."`
	Identities []string `short:"i" name:"identity" type:"existingfile" placeholder:"KEY" sep:"none" help:"Decrypt with this private key."`
	output
	input
}

type output struct {
	Out      string `short:"o" name:"output" type:"path" placeholder:"FILE" help:"Write to this file."`
	Progress bool   `negatable:"" default:"true" help:"Show progress."`
	Jobs     int    `default:"4" help:"Use this many cores."`
	Report   string `enum:"text,json" default:"text" help:"Report as ${enum}."`
}

type input struct {
	File string `arg:"" optional:"" help:"File to read; - or none is standard input."`
}

type key struct {
	Dir  string   `type:"existingdir" help:"Where the keys are."`
	List struct{} `cmd:"" help:"List the keys."`
	Drop struct {
		Name string `arg:"" type:"name" complete:"keys" help:"Key to drop."`
	} `cmd:"" help:"Drop a key."`
	Add struct {
		Name  string   `required:"" help:"Name of the new key."`
		Files []string `arg:"" help:"Files to read."`
	} `cmd:"" help:"Add a key."`
}

type get struct {
	Files []string `arg:"" type:"urls" help:"Objects to get."`
}

type completion struct {
	Shell string `arg:"" enum:"bash,fish,zsh" help:"Shell to complete for."`
}

type odd struct {
	Mode string `enum:"it's,a b,c:d,$HOME,z(" default:"it's" help:"Pick 'one': [a] or \\b\\, not $(ls) or ${env}." env:"ODD"`
	What string `help:".dot leads, 100% \"sure\"; see https://example.org."`
}

// keys are the words of the hook for places where a key can be named.
func keys(of, word string) ([]Word, string) {
	switch of {
	case "keys":
		return []Word{{"alice", "somebody else's"}, {"bob-2", "yours"}}, ".pub"
	case "urls":
		if strings.HasPrefix("ws://host:1/", word) {
			return []Word{{"ws://host:1/", "a server"}}, ""
		}
		return []Word{{"ws://host:1/a/", "a folder"}, {"ws://host:1/b", "an object"}}, ""
	}
	return nil, ""
}

func model(t *testing.T) *kong.Application {
	t.Helper()
	app, err := newModel()
	if err != nil {
		t.Fatal(err)
	}
	return app
}

func newModel() (*kong.Application, error) {
	name := kong.MapperFunc(func(*kong.DecodeContext, reflect.Value) error { return nil })
	k, err := kong.New(&grammar{}, kong.NamedMapper("name", name), kong.NamedMapper("urls", name), kong.Name("pqenc"), kong.Vars{"version": "1"},
		kong.Description("Encrypt files for the post-quantum age."))
	if err != nil {
		return nil, err
	}
	k.Model.Detail = "Files are opened only by the named recipients.\n\n.Dots begin\nlines."
	return k.Model, nil
}

var page = Page{
	Date:   "2026-01-31",
	Source: `pqenc "1.2.0"`,
	Manual: "User Commands",
	Sections: []Section{
		{Title: "EXIT STATUS", Items: []Item{{"0", "The whole file is good."}, {"2", "Usage.\n\n    more"}}},
		{Title: "FILES", Body: "Read if they exist:", Items: []Item{{"~/.config/pqenc", ""}}},
		{Title: "SEE ALSO", Body: "age(1)"},
	},
}

func TestGolden(t *testing.T) {
	for file, write := range writers(t) {
		t.Run(file, func(t *testing.T) {
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", file)
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s differs; run go test -update and look at the change", golden)
			}
			for _, hidden := range []string{"secret", "buried", "treasure", "Not to be seen"} {
				if strings.Contains(strings.ToLower(got.String()), strings.ToLower(hidden)) {
					t.Errorf("hidden %q is shown", hidden)
				}
			}
		})
	}
}

// writers returns what writes each golden file.
func writers(t *testing.T) map[string]func(io.Writer) error {
	app := model(t)
	return map[string]func(io.Writer) error{
		"pqenc.1": func(w io.Writer) error { return Man(w, app, page) },
	}
}

func TestModelIsUntouched(t *testing.T) {
	app := model(t)
	for _, shell := range []string{"bash", "fish", "zsh"} {
		if err := Complete(io.Discard, app, nil, []string{shell, "encrypt", "-"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := Man(io.Discard, app, Page{}); err != nil {
		t.Fatal(err)
	}
	for _, f := range app.Flags {
		if f.Active {
			t.Errorf("--%s was marked as active", f.Name)
		}
	}
}

func TestUnknownShell(t *testing.T) {
	for _, err := range []error{
		Script(io.Discard, "pqenc", "tcsh"),
		Complete(io.Discard, model(t), nil, []string{"tcsh", ""}),
		Complete(io.Discard, model(t), nil, []string{"bash"}),
		Complete(io.Discard, model(t), nil, nil),
	} {
		if !errors.Is(err, ErrShell) {
			t.Fatalf("got %v, want ErrShell", err)
		}
		for _, want := range []string{"bash", "fish", "zsh"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q does not name %s", err, want)
			}
		}
	}
}

func TestBranchingArgument(t *testing.T) {
	k := kong.Must(&struct {
		Name struct {
			Name string   `arg:""`
			Show struct{} `cmd:""`
		} `arg:""`
	}{})
	if err := Complete(io.Discard, k.Model, nil, []string{"bash", ""}); !errors.Is(err, ErrBranch) {
		t.Errorf("Complete: got %v, want ErrBranch", err)
	}
	if err := Man(io.Discard, k.Model, Page{}); !errors.Is(err, ErrBranch) {
		t.Errorf("Man: got %v, want ErrBranch", err)
	}
}

// A program without commands completes its own arguments.
func TestNoCommands(t *testing.T) {
	k := kong.Must(&struct {
		Level int      `short:"l" required:""`
		Files []string `arg:""`
	}{}, kong.Name("my-tool"), kong.Description("Do it."))
	var bash, words, man bytes.Buffer
	if err := Script(&bash, "my-tool", "bash"); err != nil {
		t.Fatal(err)
	}
	if want := "complete -o bashdefault -o default -F _my_tool my-tool"; !strings.Contains(bash.String(), want) {
		t.Errorf("bash script lacks %q", want)
	}
	if err := Complete(&words, k.Model, nil, []string{"bash", "--level", "3", ""}); err != nil || words.String() != ":files \n" {
		t.Errorf("after a flag: %q, %v", &words, err)
	}
	if err := Man(&man, k.Model, Page{}); err != nil {
		t.Fatal(err)
	}
	if want := "\\%\\fB\\-l\\fR\\ \\fIINT\\fR\n\\%\\fIfiles\\fR...\\&\n"; !strings.Contains(man.String(), want) {
		t.Errorf("man page lacks %q:\n%s", want, man.String())
	}
	if strings.Contains(man.String(), "COMMANDS") {
		t.Error("man page lists commands")
	}
}
