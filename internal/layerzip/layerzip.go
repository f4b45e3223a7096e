// Package layerzip writes the zip of a layer, byte for byte the same from the
// same tree on every machine. What is packed already, such as the files of a
// wheel, is copied as it is; what is not, such as a source directory, is first
// turned into an archive of its own by [Streamer] and then copied like any other.
package layerzip

import (
	"errors"
	"fmt"
)

// Format numbers the bytes that this package makes of a given tree: the layout
// and the encoder. It rises when either changes.
const Format = 1

// Encoder names the compressor whose output [Streamer] writes, with the version
// it was frozen at. A newer version that writes other bytes breaks the golden
// digests in the tests, and is then a new Encoder and a new Format.
const Encoder = "klauspost-flate-1.20.3-level-6"

// ErrEmpty says that there is nothing to pack. AWS refuses an empty archive.
var ErrEmpty = errors.New("packing a layer: it has no files")

// ChangedError says that a file is no longer what the scan found.
type ChangedError struct {
	Path   string // in the tree
	Source string // on the host
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("file %q changed while being packed", e.Source)
}

// LimitError says that a layer is beyond the 4 GiB that a zip without 64-bit
// sizes can hold, and so far beyond what Lambda accepts.
type LimitError struct {
	Size int64 // in bytes, packed or unpacked, whichever is more
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("packing a layer: %d bytes exceed 4 GiB", e.Size)
}
