package filetree

import (
	"archive/tar"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree/xzwindow"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// xzBlocks is what xz 5.4 packs with --lzma2=dict=1MiB --block-size=15: three
// blocks of one stream.
const xzBlocks = "fd377a585a000004e6d6b446" +
	"0200210110000000a8708e8601000e626c6f636b312d636f6e74656e742d0000502b1e43f2465518" +
	"0200210110000000a8708e8601000e626c6f636b322d636f6e74656e742d00000a87920a1ac57dec" +
	"0200210110000000a8708e8601000e626c6f636b332d636f6e74656e742d00003ce3163242449abf" +
	"0003270f270f270fe518f0b0b1c467fb020000000004595a"

// secondDictionary is where the second block of xzBlocks tells its dictionary.
const secondDictionary = 12 + 40 + 4

func TestDictionariesOfAllBlocksCount(t *testing.T) {
	t.Parallel()
	one, err := hex.DecodeString(xzBlocks)
	if err != nil {
		t.Fatal(err)
	}
	padded := append(append(bytes.Clone(one), make([]byte, 8)...), one...)
	changed := bytes.Clone(one)
	changed[secondDictionary] = 40
	// Packed chunks, as the texts above are too short for any.
	var packed bytes.Buffer
	packed.Write(packWith(t, "xz", bytes.Repeat([]byte("some text, "), 1<<16)))
	packed.Write(changed)
	for _, c := range []struct {
		name         string
		file         []byte
		largest, sum int64
	}{
		{"one stream", one, 1 << 20, 3 << 20},
		{"two streams", padded, 1 << 20, 6 << 20},
		{"a large one in the second block", changed, 1 << 32, 1<<32 + 2<<20},
		{"a large one behind packed chunks", packed.Bytes(), 1 << 32, 1<<32 + 10<<20},
		{"truncated", one[:secondDictionary], 1 << 20, 1 << 20},
		{"empty", nil, 0, 0},
	} {
		largest, sum := xzwindow.Measure(bytes.NewReader(c.file))
		if largest != c.largest || sum != c.sum {
			t.Errorf("%s: got %d and %d, want %d and %d", c.name, largest, sum, c.largest, c.sum)
		}
	}
	l, err := ListArchive(inMemory("blocks", padded), "blocks.xz", nil)
	if err != nil || l.Members[0].Size != 90 {
		t.Errorf("got %+v, %v, want one file of 90 bytes", l, err)
	}
}

// TestSmallArchivesThatAskForMuch has archives of some kilobytes, once they are
// packed, that would take memory or time without end.
func TestSmallArchivesThatAskForMuch(t *testing.T) {
	t.Parallel()
	blocks, err := hex.DecodeString(xzBlocks)
	if err != nil {
		t.Fatal(err)
	}
	blocks[secondDictionary] = 40 // 4 GiB
	many := func(n int, header func(i int) tar.Header) []tar.Header {
		headers := make([]tar.Header, n)
		for i := range headers {
			headers[i] = header(i)
		}
		return headers
	}
	deep := strings.Repeat("d/", 1990) + "f"
	broad := strings.Repeat("d/", 200) + "f"
	web := append(many(3000, func(i int) tar.Header { return file(fmt.Sprintf("d/%d", i), "") }),
		file("d/z/f", ""), tar.Header{Name: "d/zz", Typeflag: tar.TypeSymlink, Linkname: "z"})
	web = append(web, many(3000, func(i int) tar.Header {
		return tar.Header{Name: fmt.Sprintf("l%d", i), Typeflag: tar.TypeSymlink, Linkname: "d"}
	})...)
	winding := append(many(3000, func(i int) tar.Header {
		return tar.Header{Name: fmt.Sprintf("l%d", i), Typeflag: tar.TypeSymlink, Linkname: "way"}
	}), tar.Header{Name: "way", Typeflag: tar.TypeSymlink, Linkname: strings.Repeat("d/../", 1500) + "d/f"}, file("d/f", "x"))
	for _, c := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"dictionary of a later block", blocks, "asks for more than 256 MiB of memory"},
		{"long paths", makeTar(t, many(4300, func(i int) tar.Header { return file(fmt.Sprintf("%d/%s", i, deep), "") })...), "has paths of more than 16 MiB in all"},
		{"folders", makeTar(t, many(2700, func(i int) tar.Header { return file(fmt.Sprintf("%d/%s", i, broad), "") })...), "has more than 524288 files and folders"},
		{"links to a folder with links", makeTar(t, web...), "has links that lead to too many others"},
		{"links through a long link", makeTar(t, winding...), "has links that lead to too many others"},
	} {
		_, err := ListArchive(inMemory(c.name, c.content), "file", nil)
		var refused *ArchiveError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want it to say %q", c.name, err, c.want)
		}
	}
}

// FuzzXZWindows holds the walk to the reader: what unpacks without an error has
// a dictionary in every block that was seen.
func FuzzXZWindows(f *testing.F) {
	blocks, err := hex.DecodeString(xzBlocks)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(blocks)
	f.Add(append(bytes.Clone(blocks), blocks...))
	f.Add(packWith(f, "xz", bytes.Repeat([]byte("text"), 9000)))
	f.Fuzz(func(t *testing.T, b []byte) {
		defer indextest.Budget(t, len(b))()
		largest, sum := xzwindow.Measure(bytes.NewReader(b))
		if largest > sum {
			t.Errorf("the largest is %d, the sum %d", largest, sum)
		}
		s, err := openStream(inMemory("fuzz", b), bytes.NewReader(b))
		if err != nil || s.packing != "xz" {
			return
		}
		defer s.close()
		if n, err := io.Copy(io.Discard, s); err == nil && n > 0 && largest == 0 {
			t.Errorf("%d bytes came out of no dictionary", n)
		}
	})
}
