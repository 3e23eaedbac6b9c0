// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/pqenc/pqenc/internal/terminal"
	"github.com/pqenc/pqenc/transfer"
)

// quotaEntry is a quota in its JSON form. Missing limits mean no limit.
type quotaEntry struct {
	Pattern  string `json:"pattern"`
	Bytes    int64  `json:"bytes"`
	MaxBytes int64  `json:"max_bytes,omitempty"`
	Files    int64  `json:"files"`
	MaxFiles int64  `json:"max_files,omitempty"`
}

// quota prints the quotas of the user who logged in.
func (c *lsCmd) quota(server *remote) error {
	all, err := server.Quota(context.Background())
	if err != nil {
		return server.explain(err)
	}
	if c.JSON {
		entries := make([]quotaEntry, len(all))
		for i, q := range all {
			entries[i] = quotaEntry(q)
		}
		return printJSON(server.app.stdout, entries)
	}
	w := tabwriter.NewWriter(server.app.stdout, 0, 0, 2, ' ', 0)
	for _, q := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\n", terminal.Printable(q.Pattern), bytesQuota(q), filesQuota(q))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(all) == 0 {
		server.app.inform("you may store nothing on %s", server.name)
	}
	return nil
}

func bytesQuota(q transfer.Quota) string {
	if q.MaxBytes == 0 {
		return sizeText(q.Bytes) + ", no limit"
	}
	return fmt.Sprintf("%s of %s", sizeText(q.Bytes), sizeText(q.MaxBytes))
}

func filesQuota(q transfer.Quota) string {
	if q.MaxFiles == 0 {
		return fmt.Sprintf("%d files, no limit", q.Files)
	}
	return fmt.Sprintf("%d of %d files", q.Files, q.MaxFiles)
}
