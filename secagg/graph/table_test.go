// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package graph

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of docs/secagg-parameters.md again")

const page = "../../docs/secagg-parameters.md"

var (
	corruptPercent = []int{5, 10, 20, 33}
	droppedPercent = []int{5, 10, 20, 30}
)

// examples are n, c and d of the table that shows the bounds themselves.
var examples = [][3]int{{10, 3, 3}, {100, 10, 10}, {100, 33, 30}, {200, 0, 40}, {200, 20, 40}, {1000, 100, 100}, {1000, 100, 200}, {1000, 0, 0}}

// checks are numbers at the edges of what Check accepts, with a number of colluders.
var checks = []struct {
	graph   Graph
	corrupt int
}{
	{Graph{2, 1, 2}, 0}, {Graph{3, 2, 3}, 0}, {Graph{3, 2, 3}, 1}, {Graph{4, 3, 3}, 1}, {Graph{4, 3, 4}, 1}, {Graph{10, 9, 6}, 0}, {Graph{10, 9, 7}, 3}, {Graph{10, 9, 7}, 4},
	{Graph{99, 97, 67}, 9}, {Graph{99, 98, 67}, 32}, {Graph{99, 98, 67}, 35}, {Graph{99, 98, 68}, 35}, {Graph{100, 30, 20}, 10}, {Graph{100, 30, 21}, 10}, {Graph{100, 30, 21}, 11}, {Graph{100, 30, 31}, 97},
	{Graph{100, 30, 31}, 98}, {Graph{100, 30, 32}, 10}, {Graph{100, 100, 67}, 10}, {Graph{100, 99, 66}, 0}, {Graph{1000, 126, 84}, 100}, {Graph{1000, 126, 85}, 100}, {Graph{1000, 126, 85}, 102}, {Graph{1000, 126, 85}, 103},
	{Graph{MaxClients, 165, 110}, 1638}, {Graph{MaxClients, 165, 111}, 1638}, {Graph{MaxClients, 165, 111}, 1654}, {Graph{MaxClients + 1, 165, 111}, 1638},
}

// TestTables compares the tables of the page with what Plan says.
func TestTables(t *testing.T) {
	before := readPage(t)
	after := before
	for name, table := range map[string]string{"checks": checkTable(), "complete": completeTable(t), "sparse": sparseTable(t), "examples": exampleTable(t)} {
		start, end := "<!-- "+name+" -->\n", "<!-- end -->"
		head, rest, ok := strings.Cut(after, start)
		_, tail, found := strings.Cut(rest, end)
		if !ok || !found {
			t.Fatalf("%s has no place for the table %q", page, name)
		}
		after = head + start + table + end + tail
	}
	switch {
	case after == before:
	case *update:
		if err := os.WriteFile(page, []byte(after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s has other figures: run go test ./secagg/graph -update, and read the difference", page)
	}
}

func readPage(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}

// row writes a row of a table.
func row(table *strings.Builder, cells ...any) {
	for _, cell := range cells {
		fmt.Fprintf(table, "| %v ", cell)
	}
	table.WriteString("|\n")
}

// head writes the first two rows, with a column for each percentage.
func head(table *strings.Builder, columns []any, percentages []int, what string) {
	for _, p := range percentages {
		columns = append(columns, fmt.Sprintf("%d %% %s", p, what))
	}
	row(table, columns...)
	table.WriteString(strings.Repeat("|---", len(columns)) + "|\n")
}

func completeTable(t *testing.T) string {
	var table strings.Builder
	head(&table, []any{"n"}, corruptPercent, "collude")
	for _, n := range []int{3, 4, 5, 6, 7, 8, 9, 10, 20, 50, 99} {
		cells := []any{n}
		for _, percent := range corruptPercent {
			corrupt := min(n*percent/100, n-MinHonest)
			g, err := Plan(n, corrupt, 0)
			if err != nil {
				t.Fatal(err)
			}
			cells = append(cells, fmt.Sprintf("%d: %d, %d", corrupt, g.Threshold, n-g.Threshold))
		}
		row(&table, cells...)
	}
	return table.String()
}

func sparseTable(t *testing.T) string {
	var table strings.Builder
	head(&table, []any{"n", "collude"}, droppedPercent, "drop out")
	for _, n := range []int{100, 200, 500, 1000, 2000, 5000} {
		for _, corrupt := range corruptPercent {
			cells := []any{n, fmt.Sprintf("%d %%", corrupt)}
			for _, dropped := range droppedPercent {
				cells = append(cells, cell(t, n, n*corrupt/100, n*dropped/100))
			}
			row(&table, cells...)
		}
	}
	return table.String()
}

// cell plans a graph and checks it.
func cell(t *testing.T, n, corrupt, dropped int) string {
	g, err := Plan(n, corrupt, dropped)
	if err == nil {
		err = g.Check(corrupt)
	}
	if err != nil || g.Completion(dropped) > -CompletionBits {
		t.Fatalf("%v, %d corrupt, %d dropped: %v", g, corrupt, dropped, err)
	}
	return fmt.Sprintf("%d / %d", g.Neighbours, g.Threshold)
}

func checkTable() string {
	var table strings.Builder
	row(&table, "n", "c", "k", "T", "bound", "answer")
	table.WriteString(strings.Repeat("|---", 6) + "|\n")
	for _, c := range checks {
		bound, answer := exponent(c.graph.Privacy(c.corrupt)), "private"
		switch err := c.graph.Check(c.corrupt); {
		case errors.Is(err, ErrInvalid):
			bound, answer = "", "invalid"
		case errors.Is(err, ErrNotPrivate):
			answer = "not private"
		}
		row(&table, c.graph.Clients, c.corrupt, c.graph.Neighbours, c.graph.Threshold, bound, answer)
	}
	return table.String()
}

func exampleTable(t *testing.T) string {
	var table strings.Builder
	row(&table, "n", "c", "d", "k", "T", "exposed", "cut off", "no end")
	table.WriteString(strings.Repeat("|---", 8) + "|\n")
	for _, e := range examples {
		g, err := Plan(e[0], e[1], e[2])
		if err != nil {
			t.Fatal(err)
		}
		exposed := times(g.Clients-e[1], newDraws(g.Clients-1, g.Neighbours, 2*g.Threshold-g.Neighbours-1).tail(e[1]))
		row(&table, e[0], e[1], e[2], g.Neighbours, g.Threshold, exponent(log2(exposed, nil)), exponent(log2(g.split(e[1]), nil)), exponent(g.Completion(e[2])))
	}
	return table.String()
}

func exponent(log float64) string {
	if math.IsInf(log, -1) {
		return "never"
	}
	return fmt.Sprintf("%.2f", log)
}

// TestProgram runs the program of the page, which shares nothing with this
// package, and compares what it prints with the examples.
func TestProgram(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip(err)
	}
	text := readPage(t)
	program := regexp.MustCompile("(?s)```python\n(.*?)```").FindStringSubmatch(text)
	rows := regexp.MustCompile(`(?m)^\| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\S+) \| (\S+) \| (\S+) \|$`).FindAllStringSubmatch(text, -1)
	if program == nil || len(rows) != len(examples) {
		t.Fatalf("%s has no program, or %d examples", page, len(rows))
	}
	name := filepath.Join(t.TempDir(), "bounds.py")
	if err := os.WriteFile(name, []byte(program[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, cells := range rows {
		if testing.Short() && len(cells[1]) > 3 {
			continue // 1,000 clients take the program a while
		}
		out, err := exec.Command(python, append([]string{name}, cells[1:6]...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if want := strings.Join(cells[6:], " ") + "\n"; string(out) != want {
			t.Errorf("%s: the program prints %q", cells[0], out)
		}
	}
}
