// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package clidoc

import (
	"fmt"
	"go/doc/comment"
	"strings"
	"unicode/utf8"
)

// roff is a man page being written. Arguments named markup are roff already;
// all other text is escaped on its way in.
type roff struct {
	out    strings.Builder
	headed bool // the last line is a heading
}

// title writes the first line of the page.
func (p *roff) title(name, date, source, manual string) {
	// Readers parse the date, which has to keep its plain hyphens.
	date = strings.ReplaceAll(escapeRoff(date), `\-`, "-")
	p.raw(fmt.Sprintf(`.TH "%s" 1 "%s" "%s" "%s"`, escapeRoff(name), date, escapeRoff(source), escapeRoff(manual)))
}

func (p *roff) section(title string)    { p.heading(".SH", title) }
func (p *roff) subsection(title string) { p.heading(".SS", title) }

func (p *roff) heading(macro, title string) {
	p.raw(macro + ` "` + escapeRoff(title) + `"`)
	p.headed = true
}

// raw writes lines as they are.
func (p *roff) raw(lines string) {
	p.out.WriteString(lines + "\n")
	p.headed = false
}

// paragraph begins a paragraph, unless a heading has done so.
func (p *roff) paragraph() {
	if !p.headed {
		p.raw(".PP")
	}
}

// text writes a line of text, which a leading dot must not turn into a request.
func (p *roff) text(markup string) {
	if strings.HasPrefix(markup, ".") {
		markup = `\&` + markup
	}
	p.raw(markup)
}

// usage writes a usage line that is indented past the command where it wraps,
// and wraps only between words.
func (p *roff) usage(command string, markup []string) {
	p.raw(".na")
	p.raw(fmt.Sprintf(".TP %d", utf8.RuneCountInString(command)+1))
	p.text(bold(command))
	for _, word := range markup {
		p.text(`\%` + word)
	}
	p.raw(".ad")
}

// item writes a term and, indented below it, its description.
func (p *roff) item(markup, description string) {
	p.raw(".TP")
	p.text(markup)
	blocks := parse(description)
	if len(blocks) == 0 {
		return
	}
	if first, ok := blocks[0].(*comment.Paragraph); ok {
		p.text(inline(first.Text))
		blocks = blocks[1:]
	}
	if len(blocks) > 0 {
		p.raw(".RS")
		p.blocks(blocks)
		p.raw(".RE")
	}
}

// prose writes text formatted as a Go doc comment.
func (p *roff) prose(text string) { p.blocks(parse(text)) }

func parse(text string) []comment.Block {
	return new(comment.Parser).Parse(text).Content
}

func (p *roff) blocks(blocks []comment.Block) {
	for _, block := range blocks {
		switch b := block.(type) {
		case *comment.Paragraph:
			p.paragraph()
			p.text(inline(b.Text))
		case *comment.Heading:
			p.paragraph()
			p.text(`\fB` + inline(b.Text) + `\fR`)
		case *comment.Code:
			p.code(b.Text)
		case *comment.List:
			p.list(b)
		}
	}
}

// code writes text verbatim.
func (p *roff) code(text string) {
	p.paragraph()
	p.raw(".RS 4\n.nf")
	for line := range strings.Lines(text) {
		p.text(escapeRoff(strings.TrimSuffix(line, "\n")))
	}
	p.raw(".fi\n.RE")
}

func (p *roff) list(l *comment.List) {
	for _, item := range l.Items {
		tag := `\(bu`
		if item.Number != "" {
			tag = escapeRoff(item.Number) + "."
		}
		p.raw(`.IP "` + tag + `" 4`)
		for i, block := range item.Content {
			if i > 0 {
				p.raw(".IP")
			}
			p.text(inline(block.(*comment.Paragraph).Text))
		}
	}
}

// inline returns the markup of a paragraph's text, on one line.
func inline(texts []comment.Text) string {
	var out strings.Builder
	for _, text := range texts {
		switch t := text.(type) {
		case comment.Plain:
			out.WriteString(escapeRoff(string(t)))
		case comment.Italic:
			out.WriteString(italic(string(t)))
		case *comment.DocLink:
			out.WriteString("[" + inline(t.Text) + "]")
		case *comment.Link:
			out.WriteString(inline(t.Text))
			if !t.Auto {
				out.WriteString(" <" + escapeRoff(t.URL) + ">")
			}
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

func bold(text string) string   { return `\fB` + escapeRoff(text) + `\fR` }
func italic(text string) string { return `\fI` + escapeRoff(text) + `\fR` }

// glyphs are the characters that roff would interpret, or would replace by another one
// that a reader cannot paste into a shell, and those that have a name so that terminals
// can replace them.
var glyphs = map[rune]string{
	'\\': `\e`, '-': `\-`, '"': `\(dq`, '\'': `\(aq`, '`': `\(ga`, '^': `\(ha`, '~': `\(ti`,
	'“': `\(lq`, '”': `\(rq`, '‘': `\(oq`, '’': `\(cq`, '–': `\(en`, '—': `\(em`, '…': `...`,
}

// escapeRoff returns ASCII markup for text in a line or in the quoted
// argument of a macro. A dot that begins a line is left to [roff.text].
func escapeRoff(text string) string {
	var out strings.Builder
	for _, r := range text {
		glyph, ok := glyphs[r]
		switch {
		case ok:
			out.WriteString(glyph)
		case r < utf8.RuneSelf:
			out.WriteRune(r)
		default:
			fmt.Fprintf(&out, `\[u%04X]`, r)
		}
	}
	return out.String()
}
