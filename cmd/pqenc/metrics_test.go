// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bytes"
	"errors"
	"maps"
	"net/http"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// TestMetrics requires every field of the statistics, under names that follow the
// Prometheus conventions.
func TestMetrics(t *testing.T) {
	stats := server.Stats{
		Connections: 1, Unauthenticated: 2, Logins: 3, FailedLogins: 4, Pushes: 5, FailedPushes: 6, Pulls: 7, FailedPulls: 8,
		Deleted: 9, Moved: 18, Received: 10, Sent: 11, Objects: 12, ObjectBytes: 13, Partials: 14, PartialBytes: 15, FreeBytes: 16, Folders: 17,
	}
	families, text := parsedMetrics(t, serverMetrics(stats, errors.New("wrong")))
	if problems, err := promlint.NewWithMetricFamilies(families).Lint(); err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
	const want = `
pqenc_access_list_valid 0
pqenc_connections 1
pqenc_deleted_objects_total 9
pqenc_folders 17
pqenc_free_bytes 16
pqenc_logins_total{outcome="failure"} 4
pqenc_logins_total{outcome="success"} 3
pqenc_moved_objects_total 18
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
	if got := "\n" + regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(text, ""); got != want {
		t.Errorf("they are%swant%s", got, want)
	}
	if _, text := parsedMetrics(t, serverMetrics(stats, nil)); !strings.Contains(text, "pqenc_access_list_valid 1\n") {
		t.Errorf("with a good list: %s", text)
	}
}

// parsedMetrics writes metrics, and parses them with the Prometheus library.
func parsedMetrics(t *testing.T, all []metric) (families []*dto.MetricFamily, text string) {
	t.Helper()
	var b strings.Builder
	writeMetrics(&b, all)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	byName, err := parser.TextToMetricFamilies(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(maps.Values(byName)), b.String()
}

// TestRuntimeMetrics requires the metrics that the Prometheus library has for a Go
// process.
func TestRuntimeMetrics(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collectors.NewBuildInfoCollector(), collectors.NewGoCollector())
	if runtime.GOOS == "linux" {
		registry.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	want, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got, text := parsedMetrics(t, slices.Concat(runtimeMetrics(), processMetrics()))
	for _, family := range want {
		switch family.GetName() {
		case "go_gc_gogc_percent", "process_network_receive_bytes_total", "process_network_transmit_bytes_total":
			continue // a setting that a server does not change; and those of the whole machine
		case "process_start_time_seconds":
			continue // is with those of the server
		}
		i := slices.IndexFunc(got, func(f *dto.MetricFamily) bool { return f.GetName() == family.GetName() })
		if i < 0 || got[i].GetType() != family.GetType() || len(got[i].Metric[0].Label) != len(family.Metric[0].Label) {
			t.Errorf("%s is not as in the library:\n%s", family, text)
		}
	}
}

// TestServeMetrics reads the metrics of a server after some requests, which are served
// only on their own address.
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
	for _, name := range []string{"pqenc_dropped_log_lines_total", "process_start_time_seconds", "go_goroutines", "go_build_info", "process_open_fds"} {
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
