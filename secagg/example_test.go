// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log"

	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/signature"
)

// A round in memory: five clients, and a server that learns the mean of their updates.
func Example() {
	team := make(keyfile.Publics, 5)
	own := make([]*keyfile.Identity, len(team))
	for i := range team {
		id, err := keyfile.Generate()
		if err != nil {
			log.Fatal(err)
		}
		own[i], team[i] = id, id.Public()
	}
	ctx := context.Background()

	// Each client insists on who may take part, and on what a round must be like.
	var members []secagg.Member
	for _, public := range team {
		members = append(members, public)
	}
	clients := make(map[signature.Fingerprint]*secagg.Client)
	updates := make(map[signature.Fingerprint]*vector.Update)
	for i, id := range own {
		client, err := secagg.NewClient(secagg.ClientConfig{Identity: id, Members: members,
			Floors: secagg.Floors{Clients: 4, Length: 3, Clip: 8, FractionBits: 16}})
		if err != nil {
			log.Fatal(err)
		}
		values := []float32{float32(i), 0.5, -1}
		clients[id.Fingerprint()], updates[id.Fingerprint()] = client, vector.NewUpdate(vector.Floats(values), 1)
	}

	// Values from -8 to 8 become words of 32 bits, 16 of them after the binary point.
	encoding := vector.Encoding{Length: 3, Width: 32, Clip: 8, FractionBits: 16, MaxWeight: 1}
	server, err := secagg.NewServer(secagg.ServerConfig{Members: members, Encoding: encoding, Clients: 4})
	if err != nil {
		log.Fatal(err)
	}
	messages := make(map[signature.Fingerprint]secagg.Message)
	for who := range clients {
		messages[who] = server.Invitation()
	}

	vectors := make(map[signature.Fingerprint][]byte) // masked: they show nothing
	for len(messages) > 0 {
		for who, message := range messages {
			answer, err := clients[who].Handle(message.Bytes())
			switch {
			case err != nil: // the terms are refused, or somebody cheats: the client has dropped out
			case answer != nil:
				_, err = server.Receive(answer)
			default: // it is time for the vector
				var masked bytes.Buffer
				if answer, err = clients[who].Mask(ctx, &masked, updates[who]); err == nil {
					vectors[who] = masked.Bytes()
					_, err = server.ReceiveMasked(answer, &masked)
				}
			}
			if err != nil {
				log.Print(err)
			}
		}
		// Now all have answered. A server that waits calls Advance after a time-out, too.
		if messages, err = server.Advance(); err != nil {
			log.Fatal(err) // too few clients are left
		}
	}

	var sum, mean bytes.Buffer
	result, err := server.Sum(ctx, &sum, func(who signature.Fingerprint) (io.ReaderAt, error) {
		return bytes.NewReader(vectors[who]), nil
	})
	if err != nil {
		log.Fatal(err)
	}
	weight, err := encoding.Mean(&mean, bytes.NewReader(sum.Bytes()))
	if err != nil {
		log.Fatal(err)
	}

	values := make([]float32, encoding.Length)
	binary.Read(&mean, binary.LittleEndian, values)
	fmt.Println(values, "is the mean of", len(result.Counted), "updates of total weight", weight)
	// Output: [2 0.5 -1] is the mean of 5 updates of total weight 5
}
