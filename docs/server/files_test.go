// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
)

// metricName is a metric in an expression. up is of Prometheus itself.
var metricName = regexp.MustCompile(`\b(pqenc|process|go)_[a-z_]+`)

// exported returns the text of a server's metrics, and their names.
func exported(t *testing.T) (text string, names map[string]bool) {
	t.Helper()
	addr := freeAddr(t)
	serve(t, t.TempDir(), "--metrics", addr)
	code, text := get(t, http.DefaultClient, "http://"+addr+"/metrics")
	if code != http.StatusOK {
		t.Fatal(code, text)
	}
	names = make(map[string]bool)
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) `).FindAllStringSubmatch(text, -1) {
		names[m[1]] = true
	}
	return text, names
}

// dashboard is what matters here of Grafana's JSON.
type dashboard struct {
	Title, UID string
	Panels     []struct {
		ID      int
		Type    string
		Title   string
		GridPos struct{ X, Y, W, H int }
		Targets []struct{ Expr, RefID string }
	}
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	if err := json.Unmarshal([]byte(read(t, "grafana.json")), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestMetricNames requires that the dashboard and the alerts use only metrics that the
// server has, and that each of its own is in one of them.
func TestMetricNames(t *testing.T) {
	t.Parallel()
	_, names := exported(t)
	var exprs []string
	for _, p := range readDashboard(t).Panels {
		for _, target := range p.Targets {
			exprs = append(exprs, target.Expr)
		}
	}
	// The rules are YAML, in which a metric is never a key.
	exprs = append(exprs, regexp.MustCompile(`(?m)^\s*#.*`).ReplaceAllString(read(t, "alerts.yml"), ""), read(t, "alerts_test.yml"))
	used := make(map[string]bool)
	for _, expr := range exprs {
		for _, name := range metricName.FindAllString(expr, -1) {
			used[name] = true
			if !names[name] {
				t.Errorf("the server has no %s: %s", name, expr)
			}
		}
	}
	for name := range names {
		if strings.HasPrefix(name, "pqenc_") && !used[name] {
			t.Errorf("%s is on no dashboard and in no alert", name)
		}
	}
	manual := read(t, "../server.md")
	for name := range names {
		if strings.HasPrefix(name, "pqenc_") && !strings.Contains(manual, "`"+name+"`") {
			t.Errorf("docs/server.md does not have %s", name)
		}
	}
	for _, name := range metricName.FindAllString(manual, -1) {
		if !names[name] {
			t.Errorf("docs/server.md has %s, which the server has not", name)
		}
	}
}

// TestDashboard looks for what Grafana would stumble over.
func TestDashboard(t *testing.T) {
	t.Parallel()
	d := readDashboard(t)
	if d.Title == "" || d.UID == "" || len(d.Panels) < 10 {
		t.Errorf("it is %+v", d)
	}
	ids, taken := make(map[int]bool), make(map[string]string)
	for _, p := range d.Panels {
		if ids[p.ID] || p.Type == "" || p.Title == "" || len(p.Targets) == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %+v", p)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				at := fmt.Sprint(x, ",", y)
				if taken[at] != "" {
					t.Errorf("%q is on top of %q", p.Title, taken[at])
				}
				taken[at] = p.Title
			}
		}
	}
}

// TestPromtool has Prometheus' own tool read the alerts, try them, and read what the
// dashboard asks for.
func TestPromtool(t *testing.T) {
	t.Parallel()
	promtool := program(t, "promtool")
	run(t, promtool, "check", "config", "prometheus.yml")
	run(t, promtool, "test", "rules", "alerts_test.yml")
	tested := read(t, "alerts_test.yml")
	alerts := regexp.MustCompile(`(?m)- alert: (\S+)`).FindAllStringSubmatch(read(t, "alerts.yml"), -1)
	if len(alerts) < 8 {
		t.Errorf("only %d alerts", len(alerts))
	}
	for _, alert := range alerts {
		if !strings.Contains(tested, "alertname: "+alert[1]+"\n") {
			t.Errorf("%s has no test", alert[1])
		}
	}

	// As rules, since promtool reads no dashboards. Grafana fills in its variables.
	var rules strings.Builder
	rules.WriteString("groups:\n- name: dashboard\n  rules:\n")
	fill := strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*")
	for _, p := range readDashboard(t).Panels {
		for _, target := range p.Targets {
			fmt.Fprintf(&rules, "  - {record: 'panel%d:%s', expr: '%s'}\n", p.ID, target.RefID, fill.Replace(target.Expr))
		}
	}
	file := filepath.Join(t.TempDir(), "dashboard.yml")
	write(t, file, []byte(rules.String()))
	run(t, promtool, "check", "rules", file)

	text, _ := exported(t)
	check := exec.Command(promtool, "check", "metrics")
	check.Stdin = strings.NewReader(regexp.MustCompile(`(?m)^(# (TYPE|HELP) )?(go|process)_.*\n`).ReplaceAllString(text, ""))
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

// TestUnit has systemd read the unit, where its program is, and enable it; and read it
// with the changes that the manual has for a server with a proxy in front.
func TestUnit(t *testing.T) {
	t.Parallel()
	analyze, systemctl := program(t, "systemd-analyze"), program(t, "systemctl")
	root := t.TempDir()
	units := root + "/etc/systemd/system/"
	for _, dir := range []string{units + "pqenc.service.d", root + "/usr/local/bin"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(root+"/usr/local/bin/pqenc", nil, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, units+"pqenc.service", []byte(read(t, "pqenc.service")))
	// Units of the system that every service needs, so that only this one can be wrong.
	for _, name := range []string{"sysinit", "basic", "shutdown", "network-online", "multi-user"} {
		write(t, units+name+".target", []byte("[Unit]\nDescription="+name+"\n"))
	}
	verify := func() {
		if out := run(t, analyze, "--root="+root, "verify", "pqenc.service"); out != "" {
			t.Errorf("systemd-analyze verify: %s", out)
		}
		// 100 is no protection at all. What systemd calls OK is below 40.
		run(t, analyze, "security", "--offline=true", "--root="+root, "--threshold=20", "--no-pager", "pqenc.service")
	}
	verify()
	run(t, systemctl, "--root="+root, "enable", "pqenc.service")
	if _, err := os.Lstat(units + "multi-user.target.wants/pqenc.service"); err != nil {
		t.Error(err)
	}

	for _, b := range blocks(t) {
		if b.kind == "ini" {
			write(t, units+"pqenc.service.d/override.conf", []byte(b.text))
			verify()
			// The same command, with the flags that a proxy needs.
			started := unit(t, b.text, "ExecStart")
			want := strings.Replace(unit(t, read(t, "pqenc.service"), "ExecStart"), "--listen :8765", "--listen 127.0.0.1:8765", 1) + " --trusted-proxy 127.0.0.1/32"
			if started != want {
				t.Errorf("docs/server.md starts %s\nwant %s", started, want)
			}
		}
	}
}

// TestUnitAllows requires that the unit allows the system calls and the addresses that a
// server uses.
func TestUnitAllows(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	strace, analyze := program(t, "strace"), program(t, "systemd-analyze")
	trace := filepath.Join(t.TempDir(), "trace")
	s := serveUnder(t, []string{strace, "-D", "-f", "-o", trace}, t.TempDir(), "--metrics", "127.0.0.1:0")
	roundTrip(t, client(t, "ws://"+s.addr+"/pqenc"))
	s.stop()
	// The program is the child here, and strace beside it ends a moment later.
	await(t, "the end of the trace", func() bool {
		return regexp.MustCompile(fmt.Sprintf(`(?m)^%d +\+\+\+ exited with 0`, s.Process.Pid)).MatchString(read(t, trace))
	})

	allowed := make(map[string]bool)
	var allow func(set string)
	allow = func(set string) {
		for line := range strings.Lines(run(t, analyze, "--no-pager", "syscall-filter", set)) {
			switch name := strings.TrimSpace(line); {
			case !strings.HasPrefix(line, "    "), strings.HasPrefix(name, "#"):
			case strings.HasPrefix(name, "@"):
				allow(name)
			default:
				allowed[name] = true
			}
		}
	}
	text := read(t, "pqenc.service")
	allow(unit(t, text, "SystemCallFilter"))
	families := strings.Fields(unit(t, text, "RestrictAddressFamilies"))
	calls := regexp.MustCompile(`(?m)^\d+ +([a-z0-9_]+)\(([A-Z_0-9]*)`).FindAllStringSubmatch(read(t, trace), -1)
	if len(calls) < 500 {
		t.Errorf("only %d system calls", len(calls))
	}
	for _, call := range calls {
		if !allowed[call[1]] {
			t.Errorf("the unit does not allow %s", call[1])
			allowed[call[1]] = true // once is enough
		}
		if call[1] == "socket" && !slices.Contains(families, call[2]) {
			t.Errorf("the unit does not allow %s", call[2])
		}
	}
}

// TestKeepalive requires that the proxies wait for longer than the server does. Caddy
// waits without a limit.
func TestKeepalive(t *testing.T) {
	t.Parallel()
	help := run(t, pqenc(t), "serve", "--help")
	if !strings.Contains(strings.Join(strings.Fields(help), " "), "sends nothing, not even keepalives, for TIME (default: 1m)") {
		t.Errorf("the server does not wait for 1m any more: %s", help)
	}
	for _, name := range []string{"proxy_read_timeout", "proxy_send_timeout"} {
		m := regexp.MustCompile(name + ` (\d+)s;`).FindStringSubmatch(read(t, "nginx.conf"))
		if m == nil {
			t.Fatalf("nginx.conf does not have %s", name)
		}
		if seconds, _ := strconv.Atoi(m[1]); seconds <= 60 {
			t.Errorf("%s is %d s", name, seconds)
		}
	}
}
