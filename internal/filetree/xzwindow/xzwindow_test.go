package xzwindow

import (
	"bytes"
	"encoding/hex"
	"slices"
	"testing"
)

// What xz 5.4 packs with --lzma2=dict=1MiB --block-size=15: the header of the stream,
// and its first block. The fifth byte of the block tells the dictionary.
const (
	header = "fd377a585a000004e6d6b446"
	block  = "0200210110000000a8708e8601000e626c6f636b312d636f6e74656e742d0000502b1e43f2465518"
)

func TestMeasureSeesEveryBlock(t *testing.T) {
	t.Parallel()
	start, err := hex.DecodeString(header)
	if err != nil {
		t.Fatal(err)
	}
	small, err := hex.DecodeString(block)
	if err != nil {
		t.Fatal(err)
	}
	large := bytes.Clone(small)
	large[4] = 39 // 3 GiB
	none := bytes.Clone(small)
	none[4] = 41 // means nothing
	for _, c := range []struct {
		name         string
		file         []byte
		largest, sum int64
	}{
		{"one block", slices.Concat(start, small), 1 << 20, 1 << 20},
		{"a large one behind small ones", slices.Concat(start, small, small, large), 3 << 30, 3<<30 + 2<<20},
		{"a large one before a small one", slices.Concat(start, large, small), 3 << 30, 3<<30 + 1<<20},
		{"a size that means nothing", slices.Concat(start, none, small), 1 << 20, 1 << 20},
		{"cut within a header", slices.Concat(start, small, large[:3]), 1 << 20, 1 << 20},
		{"no block", start, 0, 0},
		{"cut within its start", start[:7], 0, 0},
		{"empty", nil, 0, 0},
	} {
		largest, sum := Measure(bytes.NewReader(c.file))
		if largest != c.largest || sum != c.sum {
			t.Errorf("%s: got %d and %d, want %d and %d", c.name, largest, sum, c.largest, c.sum)
		}
	}
}
