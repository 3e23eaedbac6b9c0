// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// runtimeMetrics returns the metrics of the Go runtime, named as in the Prometheus client
// library.
func runtimeMetrics() []metric {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	threads, _ := runtime.ThreadCreateProfile(nil)
	all := []metric{
		goInfo(), buildInfo(),
		gauge("go_goroutines", "Goroutines that exist.", runtime.NumGoroutine()),
		gauge("go_threads", "Threads that were created.", threads),
		gauge("go_sched_gomaxprocs_threads", "Threads that run Go code at the same time, at most.", runtime.GOMAXPROCS(0)),
		gauge("go_gc_gomemlimit_bytes", "The limit of memory that the runtime was given.", debug.SetMemoryLimit(-1)),
		gauge("go_memstats_alloc_bytes", "Bytes of objects on the heap.", m.Alloc),
		counter("go_memstats_alloc_bytes_total", "Bytes of objects that were allocated.", m.TotalAlloc),
		gauge("go_memstats_buck_hash_sys_bytes", "Bytes of the tables for profiling.", m.BuckHashSys),
		counter("go_memstats_frees_total", "Objects that were freed.", m.Frees),
		gauge("go_memstats_gc_sys_bytes", "Bytes for garbage collection.", m.GCSys),
		gauge("go_memstats_heap_alloc_bytes", "Bytes of objects on the heap.", m.HeapAlloc),
		gauge("go_memstats_heap_idle_bytes", "Bytes of the heap in no use.", m.HeapIdle),
		gauge("go_memstats_heap_inuse_bytes", "Bytes of the heap in use.", m.HeapInuse),
		gauge("go_memstats_heap_objects", "Objects on the heap.", m.HeapObjects),
		gauge("go_memstats_heap_released_bytes", "Bytes of the heap that were given back to the system.", m.HeapReleased),
		gauge("go_memstats_heap_sys_bytes", "Bytes that the system gave for the heap.", m.HeapSys),
		gauge("go_memstats_last_gc_time_seconds", "When the last garbage collection ended, in seconds since 1970.", float64(m.LastGC)/1e9),
		counter("go_memstats_mallocs_total", "Objects that were allocated.", m.Mallocs),
		gauge("go_memstats_mcache_inuse_bytes", "Bytes of caches for allocation in use.", m.MCacheInuse),
		gauge("go_memstats_mcache_sys_bytes", "Bytes that the system gave for these caches.", m.MCacheSys),
		gauge("go_memstats_mspan_inuse_bytes", "Bytes of descriptions of the heap in use.", m.MSpanInuse),
		gauge("go_memstats_mspan_sys_bytes", "Bytes that the system gave for these descriptions.", m.MSpanSys),
		gauge("go_memstats_next_gc_bytes", "Bytes on the heap at which the next garbage collection begins.", m.NextGC),
		gauge("go_memstats_other_sys_bytes", "Bytes that the system gave for anything else.", m.OtherSys),
		gauge("go_memstats_stack_inuse_bytes", "Bytes of stacks in use.", m.StackInuse),
		gauge("go_memstats_stack_sys_bytes", "Bytes that the system gave for stacks.", m.StackSys),
		gauge("go_memstats_sys_bytes", "Bytes that the system gave in all.", m.Sys),
	}
	return append(all, pauses()...)
}

// pauses returns the summary of garbage collection pauses.
func pauses() (all []metric) {
	const name, help = "go_gc_duration_seconds", "Pauses for garbage collection."
	stats := debug.GCStats{PauseQuantiles: make([]time.Duration, 5)}
	debug.ReadGCStats(&stats)
	for i, pause := range stats.PauseQuantiles {
		all = append(all, metric{name, "summary", help, fmt.Sprintf(`{quantile="%g"}`, float64(i)/4), pause.Seconds()})
	}
	return append(all,
		metric{name, "summary", help, "_sum", stats.PauseTotal.Seconds()},
		metric{name, "summary", help, "_count", float64(stats.NumGC)})
}

func goInfo() metric {
	return metric{"go_info", "gauge", "The Go that the program was built with.", fmt.Sprintf("{version=%q}", runtime.Version()), 1}
}

func buildInfo() metric {
	var module debug.Module
	if info, ok := debug.ReadBuildInfo(); ok {
		module = info.Main
	}
	return metric{"go_build_info", "gauge", "The module that the program was built from.",
		fmt.Sprintf("{checksum=%q,path=%q,version=%q}", module.Sum, module.Path, module.Version), 1}
}
