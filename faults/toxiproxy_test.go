// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package faults

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// toxic is one of Toxiproxy's kinds of trouble, with its attributes as JSON.
type toxic struct{ kind, attributes string }

// newToxiproxy starts a proxy in this process, with toxics in both directions of
// every line.
func newToxiproxy(t *testing.T, target string, toxics ...toxic) *toxiproxy.Proxy {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := toxiproxy.NewProxy(server, "line", "127.0.0.1:0", target)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	for _, toxic := range toxics {
		for _, stream := range []string{"upstream", "downstream"} {
			text := fmt.Sprintf(`{"type": %q, "stream": %q, "attributes": {%s}}`, toxic.kind, stream, toxic.attributes)
			if _, err := p.Toxics.AddToxicJson(strings.NewReader(text)); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
	}
	return p
}
