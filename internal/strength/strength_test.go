// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package strength

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sethvargo/go-diceware/diceware"
	"github.com/trustelem/zxcvbn/frequency"
	"github.com/trustelem/zxcvbn/matching"
	"github.com/trustelem/zxcvbn/scoring"

	"github.com/pqenc/pqenc/internal/testkit"
)

// TestGuesses compares with what zxcvbn 4.4.2 finds, the original in JavaScript.
func TestGuesses(t *testing.T) {
	for text, want := range map[string]float64{
		"My$tr0ngP4$$w0rd":  1.34e8,
		"correcthorse":      1.61e6,
		"Xk4mz9qw":          1.00e8,
		"harborLantern2026": 6.90e11,
	} {
		if got := guesses(text); math.Abs(got-want) > want/100 {
			t.Errorf("%s: %.3g guesses, want %.3g", text, got, want)
		}
	}
}

// TestWords compares the lists with those of zxcvbn.
func TestWords(t *testing.T) {
	paragraphs := strings.Split(strings.TrimSuffix(wordsText, "\n"), "\n\n")
	if len(paragraphs) != len(frequency.FrequencyLists) {
		t.Errorf("%d lists, want %d", len(paragraphs), len(frequency.FrequencyLists))
	}
	for name, list := range frequency.FrequencyLists {
		if !slices.Contains(paragraphs, strings.Join(list, "\n")) {
			t.Errorf("%s is not among the lists", name)
		}
		for i, word := range list {
			if got := ranks()[word]; got != i+1 || word != lowered(word) {
				t.Errorf("%q of %s has the rank %d, want %d", word, name, got, i+1)
			}
		}
	}
}

// TestMatchers compares with the matchers of the library, on passphrases made of parts of
// all kinds.
func TestMatchers(t *testing.T) {
	parts := []string{"password", "drowssap", "P4$$w0rd", "Lantern", "zxcvbn", "QAZwsx", "ABCD", "8642", "1987", "2019", "2026", "13/4/91",
		"1.2.2003", "311299", "20481231", "aaaa", "ababab", "aabaab", "x", "-", " ", "@", "1", "h3ll0", "7ouch", "1!|l", "mnbvcxz", "9876", "0/0/0", "99-99-99", "4-5/67"}
	for _, one := range parts {
		for _, two := range append(parts, "") {
			text := one + two
			want := library(text)
			if got := guesses(text); math.Abs(got-want) > want/1e9 {
				t.Errorf("%q: %v guesses, want %v", text, got, want)
			}
		}
	}
}

// library is zxcvbn, except that a single character that is repeated is no word.
func library(text string) float64 {
	found := matching.Omnimatch(text, nil)
	for _, m := range found {
		if m.Pattern == "repeat" && len(m.BaseToken) == 1 {
			m.BaseGuesses = 12
		}
	}
	return scoring.MostGuessableMatchSequence(text, found, false).Guesses
}

func TestWeak(t *testing.T) {
	for text, want := range map[string]bool{
		"":                              true,
		"x":                             true,
		"password":                      true,
		"passwordpassword":              true,
		"correct horse":                 true,
		"Tr0ub4dor&3":                   true,
		"qwertyuiop1990":                true,
		strings.Repeat("ab", 40):        true,
		strings.Repeat("a", 4096):       true,
		"\xff\xfe\xff":                  true,
		"correct horse battery staple":  false,
		"wildcat-clamor-plenty-vehicle": false,
		"1f7b169c846f218a":              false,
		"kŭrĉ Žluťoučký kůň pěl ďábelské": false,
	} {
		if got := Weak([]byte(text)); got != want {
			t.Errorf("%.40q: weak %t", text, got)
		}
	}
}

// TestWeakAny estimates random passphrases of the greatest length.
func TestWeakAny(t *testing.T) {
	testkit.Long(t)
	noise := testkit.Contents(64 * 4096)
	for i := range 64 {
		guesses(strings.ToValidUTF8(string(noise[i*4096:][:estimated]), "é"))
		few := make([]byte, estimated)
		for j := range few {
			few[j] = "4@8({[<369!|1ab/-"[int(noise[i*4096+j])%(i%15+2)]
		}
		guesses(string(few))
	}
}

func TestNewPassphrase(t *testing.T) {
	one, err := NewPassphrase()
	if err != nil {
		t.Fatal(err)
	}
	two, err := NewPassphrase()
	if err != nil {
		t.Fatal(err)
	}
	if string(one) == string(two) || Weak(one) || Weak(two) {
		t.Errorf("%q and %q", one, two)
	}
	words, bits := 0, 0.0
	list := diceware.WordListEffLarge()
	if n := list.(diceware.WordListNumWordser).NumWords(); n != 7776 {
		t.Errorf("the list has %d words", n)
	}
	for ; words < wordCount; words++ {
		bits += math.Log2(float64(7776 - words))
	}
	if bits < 77 {
		t.Errorf("%.1f bits", bits)
	}
	if hyphens := strings.Count(string(one), "-"); hyphens < wordCount-1 {
		t.Errorf("%q has fewer than %d words", one, wordCount)
	}
}
