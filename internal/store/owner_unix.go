//go:build !windows

package store

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// foreign returns why a folder is not trusted, of the first that is not: another user
// owns it, or others can write to it. Root may own what a user works with. A group of
// which the user is the only member is nobody else; whether it is cannot be told, so
// that a folder which only its group can write to is trusted where the group is the
// user's own.
func foreign(folders ...string) (string, error) {
	for _, name := range folders {
		info, err := os.Stat(name)
		if err != nil {
			return "", err
		}
		owner, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			continue
		}
		mode := info.Mode()
		switch {
		case int(owner.Uid) != os.Geteuid() && owner.Uid != 0:
			return fmt.Sprintf("%q belongs to another user (%d)", name, owner.Uid), nil
		case mode&0o002 != 0 && mode&fs.ModeSticky == 0, mode&0o002 != 0 && name == folders[len(folders)-1]:
			return fmt.Sprintf("%q can be written by every user", name), nil
		case mode&0o020 != 0 && int(owner.Gid) != os.Getegid():
			return fmt.Sprintf("%q can be written by another group (%d)", name, owner.Gid), nil
		}
	}
	return "", nil
}
