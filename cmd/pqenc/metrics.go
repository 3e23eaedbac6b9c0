// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/pqenc/pqenc/transfer/server"
)

// The Prometheus client library could write this as well, but its dependencies take 1.5
// ms and 2.5 MB in every process, and only servers need them.

const metricsPath = "/metrics"

// metricsAtOnce limits the concurrent requests for metrics.
const metricsAtOnce = 4

// newMetrics returns the Prometheus handler for a server and its process.
func newMetrics(s *service, droppedLines func() int64) http.Handler {
	started := time.Now()
	slots := make(chan struct{}, metricsAtOnce)
	mux := http.NewServeMux()
	mux.HandleFunc(metricsPath, func(w http.ResponseWriter, _ *http.Request) {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		default:
			http.Error(w, "too many requests for metrics", http.StatusServiceUnavailable)
			return
		}
		var text bytes.Buffer
		writeMetrics(&text, slices.Concat(serverMetrics(s.server.Stats(), s.allow.Err()), runtimeMetrics(), processMetrics(), []metric{
			counter("pqenc_dropped_log_lines_total", "Log lines that were dropped because nobody read standard error.", droppedLines()),
			gauge("process_start_time_seconds", "When the process began to serve, in seconds since 1970.", started.Unix()),
		}))
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		w.Write(text.Bytes())
	})
	return mux
}

// metric is one number.
type metric struct {
	name, kind, help string
	part             string // labels, or the suffix of a part of a summary
	value            float64
}

func gauge[N int | int64 | uint64 | float64](name, help string, value N) metric {
	return metric{name, "gauge", help, "", float64(value)}
}

func counter[N int64 | uint64 | float64](name, help string, value N) metric {
	return metric{name, "counter", help, "", float64(value)}
}

// outcomes returns two counters, for success and for failure.
func outcomes(name, help string, good, bad int64) []metric {
	all := []metric{counter(name, help, bad), counter(name, help, good)}
	all[0].part, all[1].part = `{outcome="failure"}`, `{outcome="success"}`
	return all
}

// writeMetrics writes metrics in the Prometheus text format 0.0.4, sorted by name.
func writeMetrics(w io.Writer, all []metric) {
	slices.SortStableFunc(all, func(a, b metric) int { return cmp.Compare(a.name, b.name) })
	last := ""
	for _, m := range all {
		if m.name != last {
			fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", m.name, m.help, m.name, m.kind)
			last = m.name
		}
		fmt.Fprintf(w, "%s%s %s\n", m.name, m.part, strconv.FormatFloat(m.value, 'g', -1, 64))
	}
}

// serverMetrics returns the metrics of a server at one moment.
func serverMetrics(s server.Stats, listErr error) []metric {
	valid := 1
	if listErr != nil {
		valid = 0
	}
	return slices.Concat([]metric{
		gauge("pqenc_connections", "Connections that have logged in.", s.Connections),
		gauge("pqenc_unauthenticated_connections", "Connections that have not logged in yet.", s.Unauthenticated),
		counter("pqenc_deleted_objects_total", "Objects that clients have deleted.", s.Deleted),
		counter("pqenc_moved_objects_total", "Objects that clients have renamed.", s.Moved),
		counter("pqenc_received_bytes_total", "Bytes of objects that were received.", s.Received),
		counter("pqenc_sent_bytes_total", "Bytes of objects that were sent.", s.Sent),
		gauge("pqenc_objects", "Objects in the store.", s.Objects),
		gauge("pqenc_object_bytes", "Bytes of the objects in the store.", s.ObjectBytes),
		gauge("pqenc_partials", "Pushes that are under way or interrupted.", s.Partials),
		gauge("pqenc_partial_bytes", "Bytes that these take, and have reserved.", s.PartialBytes),
		gauge("pqenc_folders", "Folders in the store.", s.Folders),
		gauge("pqenc_free_bytes", "Bytes that are free on the disk of the store, -1 if that is unknown.", s.FreeBytes),
		gauge("pqenc_access_list_valid", "Whether the access list in force is the one in the file.", valid),
	},
		outcomes("pqenc_logins_total", "Logins.", s.Logins, s.FailedLogins),
		outcomes("pqenc_pushes_total", "Pushes: stored, or refused or interrupted.", s.Pushes, s.FailedPushes),
		outcomes("pqenc_pulls_total", "Pulls: sent to the end, or refused or interrupted.", s.Pulls, s.FailedPulls),
	)
}
