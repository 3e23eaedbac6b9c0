// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package chart_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/examples/federated/internal/chart"
)

// elements parses a picture, and returns the attributes of all elements of that name, and the
// texts.
func elements(t *testing.T, svg []byte, name string) (all []map[string]string, texts []string) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return all, texts
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			attributes := make(map[string]string)
			for _, a := range e.Attr {
				attributes[a.Name.Local] = a.Value
			}
			if e.Name.Local == name {
				all = append(all, attributes)
			}
		case xml.CharData:
			if s := strings.TrimSpace(string(e)); s != "" {
				texts = append(texts, s)
			}
		}
	}
}

func TestSVG(t *testing.T) {
	c := chart.Chart{Title: "a < b", X: "round", Y: "%", Lines: []chart.Line{
		{Name: "one", Points: []chart.Point{{1, 80}, {2, 90}, {3, 100}}},
		{Name: "two", Points: []chart.Point{{1, 80}, {3, 90}}},
	}}
	lines, texts := elements(t, c.SVG(), "polyline")
	if len(lines) != 2 || lines[0]["stroke"] == lines[1]["stroke"] {
		t.Fatalf("the lines are %v", lines)
	}
	// From the left to the right of the plane, and from its bottom to its top.
	if got, want := strings.TrimSpace(lines[0]["points"]), "60.0,370.0 400.0,210.0 740.0,50.0"; got != want {
		t.Errorf("the points are %s, want %s", got, want)
	}
	for _, want := range []string{"a < b", "round", "%", "one", "two", "1", "3", "80", "100"} {
		if !strings.Contains("\n"+strings.Join(texts, "\n")+"\n", "\n"+want+"\n") {
			t.Errorf("there is no text %q", want)
		}
	}
}

// TestFew draws what has no extent.
func TestFew(t *testing.T) {
	for _, points := range [][]chart.Point{nil, {{1, 50}}, {{1, 50}, {2, 50}}} {
		c := chart.Chart{Lines: []chart.Line{{Name: "one", Points: points}}}
		svg := c.SVG()
		elements(t, svg, "polyline")
		if bytes.Contains(svg, []byte("NaN")) || bytes.Contains(svg, []byte("Inf")) {
			t.Errorf("%d points: %s", len(points), svg)
		}
	}
}
