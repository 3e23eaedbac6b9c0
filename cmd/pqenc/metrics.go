// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/pqenc/pqenc/transfer/server"
)

const metricsPath = "/metrics"

// newMetrics returns what Prometheus reads: of the server, and of the process that
// it is. They are in a registry of their own, where nobody else can put anything.
func newMetrics(s *service, droppedLines func() int64) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		newCollector(s.server.Stats, s.allow.Err),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "pqenc_dropped_log_lines_total", Help: "Log lines that were dropped, since nobody read standard error.",
		}, func() float64 { return float64(droppedLines()) }),
		collectors.NewBuildInfoCollector(),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	mux := http.NewServeMux()
	mux.Handle(metricsPath, promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		MaxRequestsInFlight: 4,
	}))
	return mux
}

// metric is one number of the statistics of a server.
type metric struct {
	desc   *prometheus.Desc
	kind   prometheus.ValueType
	value  func(*server.Stats) int64
	labels []string // their values, if there are labels
}

func gauge(name, help string, value func(*server.Stats) int64) metric {
	return metric{prometheus.NewDesc("pqenc_"+name, help, nil, nil), prometheus.GaugeValue, value, nil}
}

func counter(name, help string, value func(*server.Stats) int64) metric {
	return metric{prometheus.NewDesc("pqenc_"+name+"_total", help, nil, nil), prometheus.CounterValue, value, nil}
}

// outcome is one of two counters of what can succeed or fail.
func outcome(name, help, outcome string, value func(*server.Stats) int64) metric {
	desc := prometheus.NewDesc("pqenc_"+name+"_total", help, []string{"outcome"}, nil)
	return metric{desc, prometheus.CounterValue, value, []string{outcome}}
}

// collector makes metrics of what a server knows of itself.
type collector struct {
	stats   func() server.Stats
	listErr func() error
	metrics []metric
}

func newCollector(stats func() server.Stats, listErr func() error) *collector {
	const (
		logins = "Logins."
		pushes = "Pushes: stored, or refused or interrupted."
		pulls  = "Pulls: sent to the end, or refused or interrupted."
	)
	c := &collector{stats: stats, listErr: listErr}
	c.metrics = []metric{
		gauge("connections", "Connections that have logged in.", func(s *server.Stats) int64 { return int64(s.Connections) }),
		gauge("unauthenticated_connections", "Connections that have not logged in yet.", func(s *server.Stats) int64 { return int64(s.Unauthenticated) }),
		outcome("logins", logins, "success", func(s *server.Stats) int64 { return s.Logins }),
		outcome("logins", logins, "failure", func(s *server.Stats) int64 { return s.FailedLogins }),
		outcome("pushes", pushes, "success", func(s *server.Stats) int64 { return s.Pushes }),
		outcome("pushes", pushes, "failure", func(s *server.Stats) int64 { return s.FailedPushes }),
		outcome("pulls", pulls, "success", func(s *server.Stats) int64 { return s.Pulls }),
		outcome("pulls", pulls, "failure", func(s *server.Stats) int64 { return s.FailedPulls }),
		counter("deleted_objects", "Objects that clients have deleted.", func(s *server.Stats) int64 { return s.Deleted }),
		counter("received_bytes", "Bytes of objects that have come.", func(s *server.Stats) int64 { return s.Received }),
		counter("sent_bytes", "Bytes of objects that have been sent.", func(s *server.Stats) int64 { return s.Sent }),
		gauge("objects", "Objects in the store.", func(s *server.Stats) int64 { return int64(s.Objects) }),
		gauge("object_bytes", "Bytes of the objects in the store.", func(s *server.Stats) int64 { return s.ObjectBytes }),
		gauge("partials", "Pushes that are under way or interrupted.", func(s *server.Stats) int64 { return int64(s.Partials) }),
		gauge("partial_bytes", "Bytes that these take, and have reserved.", func(s *server.Stats) int64 { return s.PartialBytes }),
		gauge("folders", "Folders in the store.", func(s *server.Stats) int64 { return int64(s.Folders) }),
		gauge("free_bytes", "Bytes that are free on the disk of the store, -1 if that is unknown.", func(s *server.Stats) int64 { return s.FreeBytes }),
		gauge("access_list_valid", "Whether the access list in force is the one in the file.", func(*server.Stats) int64 { return c.listValid() }),
	}
	return c
}

func (c *collector) listValid() int64 {
	if c.listErr() != nil {
		return 0
	}
	return 1
}

// Describe is for [prometheus.Collector].
func (c *collector) Describe(descs chan<- *prometheus.Desc) {
	for _, m := range c.metrics {
		descs <- m.desc
	}
}

// Collect is for [prometheus.Collector]. All numbers are of one moment.
func (c *collector) Collect(metrics chan<- prometheus.Metric) {
	stats := c.stats()
	for _, m := range c.metrics {
		metrics <- prometheus.MustNewConstMetric(m.desc, m.kind, float64(m.value(&stats)), m.labels...)
	}
}
