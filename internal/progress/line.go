// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package progress

import (
	"fmt"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/pqenc/pqenc/internal/terminal"
	"github.com/pqenc/pqenc/internal/units"
)

// state is what is shown of a copy.
type state struct {
	done, total  int64
	ended, files int64
	name         string
	syncing      bool
	elapsed      time.Duration
	rate         float64 // bytes a second; 0 if it is not known
}

// load returns what the counters show.
func (c *counters) load(elapsed time.Duration, rate float64) state {
	s := state{done: max(c.done.Load(), 0), total: c.total.Load(), ended: c.ended.Load(), files: c.files.Load(),
		syncing: c.syncing.Load(), elapsed: elapsed, rate: rate}
	if s.total > 0 {
		s.done = min(s.done, s.total) // whole chunks may be read for a part
	}
	if name := c.name.Load(); name != nil {
		s.name = terminal.Printable(*name)
	}
	return s
}

// line returns all of it, for a log.
func (s state) line() string {
	return join(", ", s.filesText(), s.bytesText(), s.percent(), s.rateText(), s.time(), s.name)
}

// Columns that parts of a bar take.
const (
	leastName = 8
	leastBar  = 10 // with its ends
	mostBar   = 30
)

// bar returns what there is room for in so many columns. What matters less is left out
// first: the bar itself, the name, the rate, the time.
func (s state) bar(columns int) string {
	counts := s.bytesText()
	if all := join(", ", s.filesText(), counts); width(all) <= columns {
		counts = all
	}
	if width(counts) > columns {
		counts = s.percent()
	}
	room := columns - width(counts)
	take := func(text string) string {
		if text == "" || width(text)+2 > room {
			return ""
		}
		room -= width(text) + 2
		return text
	}
	percent, time, rate := take(s.percent()), take(s.time()), take(s.rateText())
	drawing := ""
	least, most := leastBar, mostBar
	if s.name != "" {
		least, most = leastBar+2+leastName, max(columns/6, leastBar)
	}
	if s.total > 0 && room-2 >= least {
		drawing = take(s.drawing(min(room-2, most, mostBar)))
	}
	name := ""
	if s.name != "" && room-2 >= leastName {
		name = runewidth.TruncatePrefix(s.name, room-2, "...")
	}
	if counts == percent {
		percent = ""
	}
	return runewidth.Truncate(join("  ", counts, join(" ", drawing, percent), join(", ", rate, time), name), columns, "")
}

// drawing returns the bar itself.
func (s state) drawing(columns int) string {
	inner := columns - 2
	full := int(float64(s.done) / float64(s.total) * float64(inner))
	text := strings.Repeat("=", full)
	if full < inner {
		text += ">" + blanks(inner-full-1)
	}
	return "[" + text + "]"
}

func (s state) filesText() string {
	if s.files == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d files", min(s.ended, s.files), s.files)
}

func (s state) bytesText() string {
	if s.total <= 0 {
		return units.FormatBytes(s.done)
	}
	return units.FormatPart(s.done, s.total)
}

func (s state) percent() string {
	if s.total <= 0 {
		return ""
	}
	return fmt.Sprintf("%d%%", int64(float64(s.done)/float64(s.total)*100))
}

func (s state) rateText() string {
	if s.rate < 1 {
		return ""
	}
	return units.FormatBytes(int64(s.rate)) + "/s"
}

// time returns how long the rest will take, or how long it has been where nobody knows.
func (s state) time() string {
	switch {
	case s.syncing:
		return "syncing"
	case s.total <= 0:
		return duration(s.elapsed) + " elapsed"
	case s.rate < 1:
		return ""
	}
	seconds := float64(s.total-s.done) / s.rate
	if seconds > 99*24*3600 {
		return ""
	}
	return duration(time.Duration(seconds*float64(time.Second))) + " left"
}

// duration returns a time as 10s, 2m10s, or 1h2m.
func duration(d time.Duration) string {
	if d >= time.Hour {
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	return d.Round(time.Second).String()
}

// width returns how many columns a text takes.
func width(text string) int { return runewidth.StringWidth(text) }

// join joins the parts that are not empty.
func join(by string, parts ...string) string {
	var text []string
	for _, part := range parts {
		if part != "" {
			text = append(text, part)
		}
	}
	return strings.Join(text, by)
}
