// Verifies an exported ledger with the Go checksum-database packages: note, tiles, records, consistency.
package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type folder struct{ root string }

func (f folder) Height() int { return 8 }

func (f folder) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func name(level string, n int64, width int) string {
	out := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		out = fmt.Sprintf("x%03d/%s", n%1000, out)
	}
	out = "tile/" + level + "/" + out
	if width < 256 {
		out += fmt.Sprintf(".p/%d", width)
	}
	return out
}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		data, err := os.ReadFile(filepath.Join(f.root, name(strconv.Itoa(t.L), t.N, t.W)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func check(err error) {
	if err != nil {
		fmt.Println("refused:", err)
		os.Exit(1)
	}
}

func open(path string, verifier note.Verifier) tlog.Tree {
	raw, err := os.ReadFile(path)
	check(err)
	n, err := note.Open(raw, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(n.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	hash, err := base64.StdEncoding.DecodeString(lines[2])
	check(err)
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], hash)
	return tree
}

func main() { // arguments: folder, key, earlier checkpoint
	verifier, err := note.NewVerifier(os.Args[2])
	check(err)
	tree := open(filepath.Join(os.Args[1], "checkpoint"), verifier)
	reader := tlog.TileHashReader(tree, folder{os.Args[1]})
	records := int64(0)
	for n := int64(0); n*256 < tree.N; n++ {
		width := 256
		if tree.N-n*256 < 256 {
			width = int(tree.N - n*256)
		}
		data, err := os.ReadFile(filepath.Join(os.Args[1], name("entries", n, width)))
		check(err)
		for len(data) >= 2 {
			size := int(data[0])<<8 | int(data[1])
			leaf := tlog.RecordHash(data[2 : 2+size])
			data = data[2+size:]
			if records%97 == 0 {
				proof, err := tlog.ProveRecord(tree.N, records, reader)
				check(err)
				check(tlog.CheckRecord(proof, tree.N, tree.Hash, records, leaf))
			}
			hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, records)})
			check(err)
			if hashes[0] != leaf {
				check(fmt.Errorf("record %d does not hash to its leaf", records))
			}
			records++
		}
	}
	old := open(os.Args[3], verifier)
	proof, err := tlog.ProveTree(tree.N, old.N, reader)
	check(err)
	check(tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash))
	fmt.Println("verified", records)
}
