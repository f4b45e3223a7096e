package store

// Windows has no limit of file size and no mode of folders: these faults are
// tried on the other systems.
var systemChildren map[string]func(dir string) error
