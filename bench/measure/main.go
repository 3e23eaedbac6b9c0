// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

// Command measure runs the command of a request, its argument in JSON, and prints the
// result in JSON. The benchmark starts one for every run.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/pqenc/pqenc/bench/internal/measure"
)

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	var request measure.Request
	if err := json.Unmarshal([]byte(os.Args[1]), &request); err != nil {
		log.Fatal(err)
	}
	result, err := measure.Run(ctx, request)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		log.Fatal(err)
	}
}
