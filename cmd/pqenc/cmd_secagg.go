// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

// secaggCmd has the two sides of a round of secure aggregation.
type secaggCmd struct {
	Client secaggClientCmd `cmd:"" help:"Take part in a round of secure aggregation."`
	Server secaggServerCmd `cmd:"" help:"Run a round of secure aggregation, and write the mean."`
}

func (secaggCmd) Help() string {
	return `Secure aggregation is for federated learning: a server gets the mean of the updates of many
clients, and learns no single update, also if it cheats and some clients help it.

Both commands are for programs, in any language: a process runs one round, reads messages
from standard input and writes messages to standard output. The program carries them from
one side to the other. docs/secagg-process.md describes the lines around the messages, and
has a client and a server in Python.

Examples:

    pqenc secagg server --members team.pub --dropped 2 \
        --length 5000000 --clip 8 -o mean.f32
    pqenc secagg client -i alice.key --members team.pub \
        --update update.f32 --masked masked.bin`
}
