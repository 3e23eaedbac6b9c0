// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package server is for tests only. They run what docs/server.md tells an operator to
// run, and check the files beside this one with the programs that read them: nginx,
// Caddy, systemd, promtool. A test whose program is missing is skipped, unless
// PQENC_OPERATOR_STRICT is set.
package server
