// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
)

func ExampleEncrypt() {
	lab, err := keyfile.Generate() // or keyfile.LoadPublic("lab.pub")
	if err != nil {
		log.Fatal(err)
	}

	var file bytes.Buffer // or a file, a pipe, a connection
	w, err := pqenc.Encrypt(&file, lab.Public())
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(w, strings.NewReader("a model of some size")); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil { // the file is whole only now
		log.Fatal(err)
	}
	fmt.Println(file.Len(), "bytes")
	// Output: 4132 bytes
}

// From file to file, chunks are read and written by offset, on all cores.
func Example_files() {
	lab, file := makeFile("a model of some size")
	dir, err := os.MkdirTemp("", "files")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "model.pqe"), file, 0o600); err != nil {
		log.Fatal(err)
	}

	in, err := os.Open(filepath.Join(dir, "model.pqe"))
	if err != nil {
		log.Fatal(err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		log.Fatal(err)
	}
	out, err := os.Create(filepath.Join(dir, "model.bin"))
	if err != nil {
		log.Fatal(err)
	}
	defer out.Close()
	r, err := pqenc.Decrypt(io.NewSectionReader(in, 0, info.Size()), lab)
	if err != nil {
		log.Fatal(err)
	}
	n, err := io.Copy(io.NewOffsetWriter(out, 0), r)
	if err != nil {
		log.Fatal(err) // remove what was written: it is not all
	}
	fmt.Println(n, "bytes")
	// Output: 20 bytes
}

func ExampleDecrypt() {
	lab, file := makeFile("a model of some size")

	r, err := pqenc.Decrypt(bytes.NewReader(file), lab)
	if err != nil {
		log.Fatal(err)
	}
	var out strings.Builder
	if _, err := io.Copy(&out, r); err != nil { // what came before is authentic, but not all
		log.Fatal(err)
	}
	fmt.Println(out.String())
	// Output: a model of some size
}

func ExampleOpen() {
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	w, _ := z.Create("weights.bin")
	fmt.Fprint(w, "a few of many weights")
	z.Close()
	lab, file := makeFile(archive.String())

	// Only the chunks that are needed are read and decrypted.
	f, err := pqenc.Open(bytes.NewReader(file), int64(len(file)), lab)
	if err != nil {
		log.Fatal(err)
	}
	files, err := zip.NewReader(f, f.Size())
	if err != nil {
		log.Fatal(err)
	}
	weights, err := files.Open("weights.bin")
	if err != nil {
		log.Fatal(err)
	}
	b, err := io.ReadAll(weights)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", b)
	// Output: a few of many weights
}

func ExampleRewrap() {
	lab, file := makeFile("a model of some size")
	partner, err := keyfile.Generate() // or keyfile.LoadPublic("partner.pub")
	if err != nil {
		log.Fatal(err)
	}

	// The header alone is read. Here it keeps its length, so that it can be put into
	// the place of the old one; otherwise the body follows it in a new file.
	change := pqenc.Change{To: []pqenc.Recipient{partner.Public()}, Keep: true}
	r, err := pqenc.Rewrap(bytes.NewReader(file), change, lab)
	if err != nil {
		log.Fatal(err)
	}
	if len(r.Header) == len(r.Old) {
		copy(file, r.Header)
	}

	opened, err := pqenc.Decrypt(bytes.NewReader(file), partner)
	if err != nil {
		log.Fatal(err)
	}
	contents, err := io.ReadAll(opened)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", contents)
	// Output: a model of some size
}

func ExampleInspect() {
	_, file := makeFile("a model of some size")
	info, err := pqenc.Inspect(bytes.NewReader(file))
	if err != nil {
		log.Fatal(err)
	}
	size, err := info.ContentSize(int64(len(file)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.Stanzas, size, "bytes")
	// Output: [hybrid] 20 bytes
}

func ExampleArmor() {
	to, err := recipient.NewPassphrase([]byte("correct horse battery staple"))
	if err != nil {
		log.Fatal(err)
	}
	var text strings.Builder
	armor := pqenc.Armor(&text)
	w, err := pqenc.Encrypt(armor, to)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(w, "a secret")
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	if err := armor.Close(); err != nil {
		log.Fatal(err)
	}

	r, err := pqenc.Decrypt(pqenc.Dearmor(strings.NewReader(text.String())), to)
	if err != nil {
		log.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %s\n", strings.Split(text.String(), "\n")[0], b)
	// Output: -----BEGIN PQENC FILE-----: a secret
}

func ExampleEncryptSigned() {
	alice, lab := makeIdentity(), makeIdentity()
	var file bytes.Buffer
	w, err := pqenc.EncryptSigned(&file, alice, "round 17", lab.Public())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(w, "an update of the model")
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}

	round := "round 17"
	policy := pqenc.Policy{From: []pqenc.Sender{alice.Public()}, Context: &round}
	r, err := pqenc.DecryptSigned(&file, policy, lab)
	if err != nil {
		log.Fatal(err) // from somebody else, for somebody else, or for another round
	}
	fmt.Println("before:", r.Signature().Level)
	update, err := io.ReadAll(r)
	if err != nil {
		log.Fatal(err) // also if another recipient replaced the contents
	}
	fmt.Println("after:", r.Signature().Level)
	fmt.Printf("%s\n", update)
	// Output:
	// before: claimed
	// after: verified
	// an update of the model
}

func ExampleVerifyDetached() {
	alice := makeIdentity()
	sig, err := pqenc.SignDetached(strings.NewReader("a model of some size"), alice, "release 1.2")
	if err != nil {
		log.Fatal(err)
	}
	// Do not trust the signature before this.
	d, err := pqenc.VerifyDetached(strings.NewReader("a model of some size"), sig, []pqenc.Sender{alice.Public()})
	if err != nil {
		log.Fatal(err) // by somebody else, or of another file
	}
	fmt.Println(d.Length, "bytes:", d.Comment)
	// Output: 20 bytes: release 1.2
}

func ExampleResume() {
	lab, file := makeFile(strings.Repeat("a model of some size\n", 1_000_000))

	// Keep a copy of the header, and the mark of what has been written so far.
	var header bytes.Buffer
	src := io.LimitReader(bytes.NewReader(file), 15_000_000) // the connection breaks
	if _, err := pqenc.Inspect(io.TeeReader(src, &header)); err != nil {
		log.Fatal(err)
	}
	r, err := pqenc.Decrypt(io.MultiReader(bytes.NewReader(header.Bytes()), src), lab)
	if err != nil {
		log.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := io.Copy(&out, r); err == nil {
		log.Fatal("a part of a file is no file")
	}
	saved, err := r.Mark().MarshalBinary()
	if err != nil {
		log.Fatal(err)
	}

	// Later, another process resumes.
	mark := new(pqenc.Mark)
	if err := mark.UnmarshalBinary(saved); err != nil {
		log.Fatal(err)
	}
	rest := bytes.NewReader(file[mark.Offset():])
	r, err = pqenc.Resume(mark, io.MultiReader(&header, rest), pqenc.Policy{}, lab)
	if err != nil {
		log.Fatal(err)
	}
	out.Truncate(int(mark.Content()))
	if _, err := io.Copy(&out, r); err != nil {
		log.Fatal(err)
	}
	fmt.Println(mark.Content(), "of", out.Len(), "bytes were there")
	// Output: 12582912 of 21000000 bytes were there
}

func makeIdentity() *keyfile.Identity {
	id, err := keyfile.Generate()
	if err != nil {
		log.Fatal(err)
	}
	return id
}

func makeFile(contents string) (*keyfile.Identity, []byte) {
	id := makeIdentity()
	var file bytes.Buffer
	w, err := pqenc.Encrypt(&file, id.Public())
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.WriteString(w, contents); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	return id, file.Bytes()
}
