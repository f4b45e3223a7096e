package filetree

// Program says of the first bytes of a file what [File] says in its fields
// Program and Machine. 64 bytes are enough.
func Program(start []byte) (program bool, runsOn string) {
	return isProgram(start), machine(start)
}
