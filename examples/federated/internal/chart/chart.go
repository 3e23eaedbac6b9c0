// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package chart draws lines as SVG.
package chart

import (
	"bytes"
	"fmt"
	"html"
	"math"
)

// Chart is a picture of lines.
type Chart struct {
	Title string
	X, Y  string // what the axes have
	Lines []Line
}

// Line is a line through its points, from left to right.
type Line struct {
	Name   string
	Points []Point
}

// Point is a point of a line.
type Point struct{ X, Y float64 }

// The picture, and the plane within it, in pixels.
const (
	width, height            = 760, 420
	left, right, top, bottom = 60, 20, 50, 50
)

// Each line has a color and a way to be dashed, so that lines on top of each other show.
var styles = []struct{ color, dashes string }{{"#1f77b4", "none"}, {"#d62728", "6 4"}, {"#2ca02c", "2 3"}, {"#9467bd", "8 3 2 3"}}

// SVG returns the picture.
func (c *Chart) SVG() []byte {
	p := newPlane(c.Lines)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	text(&b, left, 24, "start", c.Title)
	p.axes(&b, c)
	for i, line := range c.Lines {
		style := styles[i%len(styles)]
		fmt.Fprintf(&b, `<polyline fill="none" stroke="%s" stroke-width="2" stroke-dasharray="%s" points="`, style.color, style.dashes)
		for _, at := range line.Points {
			fmt.Fprintf(&b, "%.1f,%.1f ", p.x(at.X), p.y(at.Y))
		}
		b.WriteString("\"/>\n")
		y := float64(height - bottom - 20*(len(c.Lines)-i))
		fmt.Fprintf(&b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="%s" stroke-width="2" stroke-dasharray="%s"/>`+"\n", width-right-120, y, width-right-80, y, style.color, style.dashes)
		text(&b, width-right-72, y+4, "start", line.Name)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// plane is where the lines are.
type plane struct{ minX, maxX, minY, maxY float64 }

func newPlane(lines []Line) plane {
	p := plane{math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)}
	for _, line := range lines {
		for _, at := range line.Points {
			p.minX, p.maxX = min(p.minX, at.X), max(p.maxX, at.X)
			p.minY, p.maxY = min(p.minY, at.Y), max(p.maxY, at.Y)
		}
	}
	if p.minX > p.maxX {
		p = plane{0, 1, 0, 1}
	}
	if p.minX == p.maxX {
		p.maxX++
	}
	if p.minY == p.maxY {
		p.maxY++
	}
	stepY := step(p.maxY - p.minY)
	p.minY, p.maxY = math.Floor(p.minY/stepY)*stepY, math.Ceil(p.maxY/stepY)*stepY
	return p
}

func (p plane) x(value float64) float64 {
	return left + (value-p.minX)/(p.maxX-p.minX)*(width-left-right)
}
func (p plane) y(value float64) float64 {
	return height - bottom - (value-p.minY)/(p.maxY-p.minY)*(height-top-bottom)
}

// step returns the distance of marks on an axis of that length: 1, 2 or 5 times a power of
// ten, for at most 10 of them.
func step(length float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(length))-1)
	for {
		for _, times := range []float64{1, 2, 5} {
			if length/(times*unit) <= 10 {
				return times * unit
			}
		}
		unit *= 10
	}
}

// axes draws the marks of both axes.
func (p plane) axes(b *bytes.Buffer, c *Chart) {
	stepX := max(1, step(p.maxX-p.minX)) // rounds are whole
	for value := math.Ceil(p.minX/stepX) * stepX; value <= p.maxX; value += stepX {
		grid(b, p.x(value), top, p.x(value), height-bottom)
		text(b, p.x(value), height-bottom+18, "middle", fmt.Sprintf("%g", value))
	}
	stepY := step(p.maxY - p.minY)
	for i := math.Round(p.minY / stepY); i <= math.Round(p.maxY/stepY); i++ {
		grid(b, left, p.y(i*stepY), width-right, p.y(i*stepY))
		text(b, left-8, p.y(i*stepY)+4, "end", fmt.Sprintf("%.3g", i*stepY))
	}
	text(b, (left+width-right)/2, height-12, "middle", c.X)
	text(b, left-8, top-12, "end", c.Y)
}

func grid(b *bytes.Buffer, x1, y1, x2, y2 float64) {
	fmt.Fprintf(b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#ddd"/>`+"\n", x1, y1, x2, y2)
}

func text(b *bytes.Buffer, x, y float64, anchor, s string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, anchor, html.EscapeString(s))
}
