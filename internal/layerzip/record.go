package layerzip

import "encoding/binary"

// What a layer's records hold (APPNOTE.TXT 4.3, 4.4): no extra fields, comments
// or descriptors, the oldest date there is, and a made-by that says Unix, so
// that the modes count.
const (
	localSize      = 30
	centralSize    = 46
	endSize        = 22
	end64Size      = 56
	locator64Size  = 20
	localMagic     = 0x04034b50
	centralMagic   = 0x02014b50
	endMagic       = 0x06054b50
	end64Magic     = 0x06064b50
	locator64Magic = 0x07064b50

	madeBy       = 3<<8 | 20 // Unix, specification 2.0
	neededStored = 10
	neededPacked = 20
	needed64     = 45
	flagUTF8     = 1 << 11
	date1980     = 1<<5 | 1 // 1 January 1980, midnight
	modePlain    = 0o100644
	modeExec     = 0o100755
	max16        = 1<<16 - 1
	max32        = 1<<32 - 1
)

// record is one file as the zip describes it.
type record struct {
	name         string
	exec         bool
	method       uint16
	crc          uint32
	packed, size int64
	offset       int64 // of the local header
}

func (r *record) localLen() int64   { return localSize + int64(len(r.name)) }
func (r *record) centralLen() int64 { return centralSize + int64(len(r.name)) }

func (r *record) appendLocal(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, localMagic)
	b = r.appendShared(b)
	b = binary.LittleEndian.AppendUint16(b, 0) // extra field
	return append(b, r.name...)
}

func (r *record) appendCentral(b []byte) []byte {
	mode := uint32(modePlain)
	if r.exec {
		mode = modeExec
	}
	b = binary.LittleEndian.AppendUint32(b, centralMagic)
	b = binary.LittleEndian.AppendUint16(b, madeBy)
	b = r.appendShared(b)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0) // extra field, comment, disk, internal attributes
	b = binary.LittleEndian.AppendUint32(b, mode<<16)
	b = binary.LittleEndian.AppendUint32(b, uint32(r.offset))
	return append(b, r.name...)
}

// appendShared appends what both headers have, from the version needed to the
// length of the name.
func (r *record) appendShared(b []byte) []byte {
	needed, flags := uint16(neededPacked), uint16(0)
	if r.method == 0 {
		needed = neededStored
	}
	if !isASCII(r.name) {
		flags = flagUTF8
	}
	b = binary.LittleEndian.AppendUint16(b, needed)
	b = binary.LittleEndian.AppendUint16(b, flags)
	b = binary.LittleEndian.AppendUint16(b, r.method)
	b = binary.LittleEndian.AppendUint16(b, 0) // time
	b = binary.LittleEndian.AppendUint16(b, date1980)
	b = binary.LittleEndian.AppendUint32(b, r.crc)
	b = binary.LittleEndian.AppendUint32(b, uint32(r.packed))
	b = binary.LittleEndian.AppendUint32(b, uint32(r.size))
	return binary.LittleEndian.AppendUint16(b, uint16(len(r.name)))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// endLen returns the length of what appendEnd appends.
func endLen(count int) int64 {
	if count < max16 {
		return endSize
	}
	return end64Size + locator64Size + endSize
}

// appendEnd appends the end record for a central directory of size bytes at
// offset, and before it the zip64 one where the count needs that.
func appendEnd(b []byte, count int, offset, size int64) []byte {
	count16, offset32, size32 := uint16(count), uint32(offset), uint32(size)
	if count >= max16 {
		b = appendEnd64(b, count, offset, size)
		count16, offset32, size32 = max16, max32, max32
	}
	b = binary.LittleEndian.AppendUint32(b, endMagic)
	b = append(b, 0, 0, 0, 0) // disks
	b = binary.LittleEndian.AppendUint16(b, count16)
	b = binary.LittleEndian.AppendUint16(b, count16)
	b = binary.LittleEndian.AppendUint32(b, size32)
	b = binary.LittleEndian.AppendUint32(b, offset32)
	return binary.LittleEndian.AppendUint16(b, 0) // comment
}

func appendEnd64(b []byte, count int, offset, size int64) []byte {
	b = binary.LittleEndian.AppendUint32(b, end64Magic)
	b = binary.LittleEndian.AppendUint64(b, end64Size-12)
	b = binary.LittleEndian.AppendUint16(b, needed64) // made by
	b = binary.LittleEndian.AppendUint16(b, needed64)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0) // disks
	b = binary.LittleEndian.AppendUint64(b, uint64(count))
	b = binary.LittleEndian.AppendUint64(b, uint64(count))
	b = binary.LittleEndian.AppendUint64(b, uint64(size))
	b = binary.LittleEndian.AppendUint64(b, uint64(offset))
	b = binary.LittleEndian.AppendUint32(b, locator64Magic)
	b = append(b, 0, 0, 0, 0) // disk of the record
	b = binary.LittleEndian.AppendUint64(b, uint64(offset+size))
	return binary.LittleEndian.AppendUint32(b, 1) // disks in all
}
