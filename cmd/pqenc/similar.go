// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import "strings"

// similarName returns the name in the keyring that somebody may have meant, or "".
func similarName(arg string) string {
	r, err := ring()
	if err != nil {
		return ""
	}
	all, err := r.List()
	if err != nil {
		return ""
	}
	arg = strings.ToLower(arg)
	for _, item := range all {
		if item.Name == arg || len(arg) > 2 && oneTypo(item.Name, arg) {
			return item.Name
		}
	}
	return ""
}

// oneTypo reports whether one character is missing, too many or another one, or two that
// stand side by side are swapped.
func oneTypo(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch len(b) - len(a) {
	case 1:
		return a[i:] == b[i+1:]
	case 0:
		rest := min(i+2, len(a))
		return i < len(a) && (a[i+1:] == b[i+1:] || a[i:rest] == swapped(b[i:rest]) && a[rest:] == b[rest:])
	}
	return false
}

// swapped returns two bytes in the other order.
func swapped(s string) string {
	if len(s) != 2 {
		return s
	}
	return s[1:] + s[:1]
}
