// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bytes"
	"errors"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// TestMetrics requires every number of the statistics, under names as Prometheus
// wants them.
func TestMetrics(t *testing.T) {
	stats := server.Stats{
		Connections: 1, Unauthenticated: 2, Logins: 3, FailedLogins: 4, Pushes: 5, FailedPushes: 6, Pulls: 7, FailedPulls: 8,
		Deleted: 9, Received: 10, Sent: 11, Objects: 12, ObjectBytes: 13, Partials: 14, PartialBytes: 15, FreeBytes: 16, Folders: 17,
	}
	list := errors.New("wrong")
	c := newCollector(func() server.Stats { return stats }, func() error { return list })
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if problems, err := promlint.NewWithMetricFamilies(families).Lint(); err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
	var text strings.Builder
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&text, family); err != nil {
			t.Fatal(err)
		}
	}
	const want = `
pqenc_access_list_valid 0
pqenc_connections 1
pqenc_deleted_objects_total 9
pqenc_folders 17
pqenc_free_bytes 16
pqenc_logins_total{outcome="failure"} 4
pqenc_logins_total{outcome="success"} 3
pqenc_object_bytes 13
pqenc_objects 12
pqenc_partial_bytes 15
pqenc_partials 14
pqenc_pulls_total{outcome="failure"} 8
pqenc_pulls_total{outcome="success"} 7
pqenc_pushes_total{outcome="failure"} 6
pqenc_pushes_total{outcome="success"} 5
pqenc_received_bytes_total 10
pqenc_sent_bytes_total 11
pqenc_unauthenticated_connections 2
`
	if got := "\n" + regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(text.String(), ""); got != want {
		t.Errorf("they are%swant%s", got, want)
	}
	list = nil
	if got := c.listValid(); got != 1 {
		t.Errorf("a good list is %d", got)
	}
}

// TestServeMetrics reads the metrics of a server that has done something, at their
// own address only.
func TestServeMetrics(t *testing.T) {
	t.Parallel()
	s := startServing(t, newFolder(t), "--metrics", "127.0.0.1:0")
	c := s.client()
	defer c.Close()
	file := sealed(t, []byte("contents"))
	if err := c.Push(t.Context(), "a", bytes.NewReader(file), transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	at := regexp.MustCompile(`url=(http://\S+/metrics)`).FindStringSubmatch(s.log.String())
	if at == nil {
		t.Fatal(s.log.String())
	}
	code, text, err := get(at[1])
	if err != nil || code != http.StatusOK {
		t.Fatalf("%d %s, %v", code, text, err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := families["pqenc_received_bytes_total"].GetMetric()[0].GetCounter().GetValue(); got != float64(len(file)) {
		t.Errorf("%v bytes received, want %d", got, len(file))
	}
	for _, name := range []string{"pqenc_dropped_log_lines_total", "go_goroutines", "go_build_info", "process_open_fds"} {
		if families[name] == nil && (runtime.GOOS == "linux" || name != "process_open_fds") {
			t.Errorf("there is no %s", name)
		}
	}
	for url, want := range map[string]int{"http://" + s.addr + metricsPath: 404, strings.TrimSuffix(at[1], metricsPath) + healthPath: 404} {
		if code, _, err := get(url); err != nil || code != want {
			t.Errorf("%s: %d, %v", url, code, err)
		}
	}
}
