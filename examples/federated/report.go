// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/pqenc/pqenc/examples/federated/internal/chart"
)

// results are the figures of a run.
type results struct {
	Mode   string
	Values int // parameters of the model
	Rounds []figures
	Took   float64 // seconds in all, with the start of the processes
	Cores  int
}

// figures are those of a round. Times are in seconds. A byte counts when it passes a
// connection, with all that TLS and the handshakes add.
type figures struct {
	Round    int
	Counted  int
	Accuracy float64

	Model    float64 // to publish the model
	Training float64 // until the last client has trained
	Exchange float64 // from then on until the aggregator has the new model
	Total    float64

	ClientIn, ClientOut         int64 // of a client, on average
	AggregatorIn, AggregatorOut int64
}

// gather reads what the parties have written down.
func (f *federation) gather() (*results, error) {
	r := &results{Mode: mode(f.Secure), Values: f.shape().Values(), Cores: runtime.NumCPU()}
	rounds, err := readRecords[aggregatorRecord](f.party(f.manager))
	if err != nil {
		return nil, err
	}
	var clients []clientRecord
	for _, id := range f.clients {
		some, err := readRecords[clientRecord](f.party(id))
		if err != nil {
			return nil, err
		}
		clients = append(clients, some...)
	}
	for _, a := range rounds {
		r.Rounds = append(r.Rounds, newFigures(a, clients))
	}
	return r, nil
}

func newFigures(a aggregatorRecord, clients []clientRecord) figures {
	trained, of := a.Published, int64(0)
	g := figures{Round: a.Round, Counted: len(a.Counted), Accuracy: a.Accuracy, AggregatorIn: a.In, AggregatorOut: a.Out}
	for _, c := range clients {
		if c.Round != a.Round {
			continue
		}
		of++
		g.ClientIn += c.In
		g.ClientOut += c.Out
		if c.Trained.After(trained) && c.Trained.Before(a.Averaged) {
			trained = c.Trained
		}
	}
	if of > 0 {
		g.ClientIn, g.ClientOut = g.ClientIn/of, g.ClientOut/of
	}
	g.Model = a.Published.Sub(a.Begun).Seconds()
	g.Training = trained.Sub(a.Published).Seconds()
	g.Exchange = a.Averaged.Sub(trained).Seconds()
	g.Total = a.Averaged.Sub(a.Begun).Seconds()
	return g
}

// readRecords reads the record of a party. The last line of a process that was killed may be
// incomplete.
func readRecords[T any](f *folder) (all []T, err error) {
	data, err := os.ReadFile(f.file(recordFile))
	if err != nil {
		return nil, err
	}
	for d := json.NewDecoder(bytes.NewReader(data)); ; {
		var one T
		err := d.Decode(&one)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
}

func mode(secure bool) string {
	if secure {
		return "secure"
	}
	return "plain"
}

// table returns a table in Markdown, and a line about the whole run.
func (r *results) table() string {
	var b strings.Builder
	b.WriteString("| round | accuracy | clients | model out | training | exchange | round in all | a client receives | and sends | the aggregator receives | and sends |\n")
	b.WriteString("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, g := range r.Rounds {
		fmt.Fprintf(&b, "| %d | %.2f %% | %d | %.2f s | %.2f s | %.2f s | %.2f s | %s | %s | %s | %s |\n", g.Round, g.Accuracy, g.Counted,
			g.Model, g.Training, g.Exchange, g.Total, megabytes(g.ClientIn), megabytes(g.ClientOut), megabytes(g.AggregatorIn), megabytes(g.AggregatorOut))
	}
	fmt.Fprintf(&b, "\nA model of %d parameters, %s mode: %.1f s in all, with the start of the processes, on %d cores.\n", r.Values, r.Mode, r.Took, r.Cores)
	return b.String()
}

func megabytes(n int64) string { return fmt.Sprintf("%.2f MB", float64(n)/1e6) }

// save writes the results into a folder, and draws those of both modes, as far as they are
// there.
func (r *results) save(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	err = errors.Join(os.WriteFile(filepath.Join(dir, r.Mode+".json"), append(data, '\n'), 0o666),
		os.WriteFile(filepath.Join(dir, r.Mode+".md"), []byte(r.table()), 0o666))
	if err != nil {
		return err
	}
	c := chart.Chart{Title: "Accuracy of the global model on the 10,000 test digits", X: "round", Y: "%"}
	for _, secure := range []bool{false, true} {
		one, err := loadResults(dir, mode(secure))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		line := chart.Line{Name: one.Mode}
		for _, g := range one.Rounds {
			line.Points = append(line.Points, chart.Point{X: float64(g.Round), Y: g.Accuracy})
		}
		c.Lines = append(c.Lines, line)
	}
	return os.WriteFile(filepath.Join(dir, "accuracy.svg"), c.SVG(), 0o666)
}

// loadResults reads the results of a mode in a folder.
func loadResults(dir, mode string) (*results, error) {
	data, err := os.ReadFile(filepath.Join(dir, mode+".json"))
	if err != nil {
		return nil, err
	}
	r := new(results)
	return r, json.Unmarshal(data, r)
}
