// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"errors"

	"github.com/go-analyze/charts"
)

// speeds are the bars to draw: for each program the GB/s in each way. A negative number
// means that there is none.
type speeds struct {
	title    string
	ways     []string
	programs []string
	values   [][]float64 // of each program
}

// speeds returns the speeds of the large file on all cores.
func (b *bench) speeds(done []*testCase) (s speeds) {
	l := make(lookup)
	for _, c := range done {
		l[c.what] = summarize(c.results)
	}
	s.title = size(b.large()) + ", all cores, GB/s (medians)"
	ways := []struct{ operation, route string }{
		{"encrypt", toNull}, {"decrypt", toNull}, {"encrypt", fileToFile}, {"decrypt", fileToFile}, {"encrypt", pipeToPipe}, {"decrypt", pipeToPipe},
	}
	for _, w := range ways {
		s.ways = append(s.ways, w.operation+", "+w.route)
	}
	for _, t := range b.tools {
		row, any := make([]float64, len(ways)), false
		for i, w := range ways {
			operation := w.operation
			if t.decrypt == nil {
				operation = "copy"
			}
			sum, ok := l[what{operation, w.route, b.large(), false, t.name}]
			row[i] = charts.GetNullValue()
			if ok {
				row[i], any = gigabytes(b.large(), sum.wall.median), true
			}
		}
		if any {
			s.programs, s.values = append(s.programs, t.name), append(s.values, row)
		}
	}
	return s
}

// plot draws bars, and returns the picture as SVG.
func plot(s speeds) ([]byte, error) {
	if len(s.values) == 0 {
		return nil, errors.New("the large file was not measured")
	}
	opt := charts.NewBarChartOptionWithData(s.values)
	opt.Title.Text = s.title
	opt.Legend.SeriesNames = s.programs
	opt.Legend.FontStyle.FontSize = 9
	opt.Legend.Offset = charts.OffsetStr{Top: "30"}
	opt.CategoryAxis.Labels = s.ways
	opt.CategoryAxis.LabelCount = len(s.ways)
	opt.CategoryAxis.LabelFontStyle.FontSize = 9
	opt.ValueAxis[0].Min = charts.Ptr(0.0)
	opt.SeriesList.SetSeriesLabels(charts.SeriesLabel{Show: charts.Ptr(true), FontStyle: charts.FontStyle{FontSize: 7}})
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: 1300, Height: 560})
	if err := p.BarChart(opt); err != nil {
		return nil, err
	}
	return p.Bytes()
}
