package runtimes

import (
	"strings"
	"sync"
)

// Sources of the tables of modules: sys.stdlib_module_names of CPython 3.10.13,
// 3.11.7, 3.12.1 and 3.13.0; for 3.8, 3.9 and 3.14 the index of modules of the
// Python documentation as the package stdlib-list 0.12.0 has it, of which 3.8 and
// 3.9 were compared with the interpreters 3.8.18 and 3.9.18. Read on 2026-11-30.
// sys.stdlib_module_names is the same on all systems, so that it holds modules of
// Windows, too.

// standardAlways are the modules that CPython 3.8 to 3.14 have.
const standardAlways = `
abc antigravity argparse array ast asyncio atexit base64 bdb binascii bisect builtins bz2 cProfile calendar cmath cmd code codecs codeop collections
colorsys compileall concurrent configparser contextlib contextvars copy copyreg csv ctypes curses dataclasses datetime dbm decimal difflib dis doctest
email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass gettext
glob grp gzip hashlib heapq hmac html http idlelib imaplib importlib inspect io ipaddress itertools json keyword linecache locale logging lzma mailbox
marshal math mimetypes mmap modulefinder msvcrt multiprocessing netrc nt ntpath nturl2path numbers opcode operator optparse os pathlib pdb pickle
pickletools pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri
random re readline reprlib resource rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site smtplib socket socketserver
sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess symtable sys sysconfig syslog tabnanny tarfile
tempfile termios textwrap this threading time timeit tkinter token tokenize trace traceback tracemalloc tty turtle turtledemo types typing unicodedata
unittest urllib uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xml xmlrpc zipapp zipfile zipimport zlib
`

// standardPrivate are modules that some version has for itself, and those that
// are always there without being listed.
const standardPrivate = `
__future__ __main__ _abc _aix_support _android_support _apple_support _ast _ast_unparse _asyncio _bisect _blake2 _bootlocale _bootsubprocess _bz2
_codecs _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _collections _collections_abc _colorize _compat_pickle _compression
_contextvars _crypt _csv _ctypes _curses _curses_panel _datetime _dbm _decimal _dummy_thread _elementtree _frozen_importlib _frozen_importlib_external
_functools _gdbm _hashlib _heapq _hmac _imp _interpchannels _interpqueues _interpreters _io _ios_support _json _locale _lsprof _lzma _markupbase _md5
_msi _multibytecodec _multiprocessing _opcode _opcode_metadata _operator _osx_support _overlapped _peg_parser _pickle _posixshmem _posixsubprocess
_py_abc _py_warnings _pydatetime _pydecimal _pyio _pylong _pyrepl _queue _random _remote_debugging _scproxy _sha1 _sha2 _sha256 _sha3 _sha512 _signal
_sitebuiltins _socket _sqlite3 _sre _ssl _stat _statistics _string _strptime _struct _suggestions _symtable _sysconfig _testcapi _thread
_threading_local _tkinter _tokenize _tracemalloc _types _typing _uuid _warnings _weakref _weakrefset _winapi _wmi _xxsubinterpreters _zoneinfo _zstd
test xxsubtype
`

// standardRange holds the modules that only some versions have: the first and the
// last minor version; 0 is not known to end.
var standardRange = map[string][2]int{
	"annotationlib": {14, 0}, "compression": {14, 0}, "graphlib": {9, 0}, "tomllib": {11, 0}, "zoneinfo": {9, 0},
	"dummy_threading": {8, 8}, "formatter": {8, 9}, "parser": {8, 9}, "symbol": {8, 9}, "binhex": {8, 10},
	"asynchat": {8, 11}, "asyncore": {8, 11}, "distutils": {8, 11}, "imp": {8, 11}, "smtpd": {8, 11},
	"aifc": {8, 12}, "audioop": {8, 12}, "cgi": {8, 12}, "cgitb": {8, 12}, "chunk": {8, 12}, "crypt": {8, 12}, "imghdr": {8, 12},
	"lib2to3": {8, 12}, "mailcap": {8, 12}, "msilib": {8, 12}, "nis": {8, 12}, "nntplib": {8, 12}, "ossaudiodev": {8, 12}, "pipes": {8, 12},
	"sndhdr": {8, 12}, "spwd": {8, 12}, "sunau": {8, 12}, "telnetlib": {8, 12}, "uu": {8, 12}, "xdrlib": {8, 12},
}

var standardModules = sync.OnceValue(func() map[string]bool {
	known := map[string]bool{}
	for name := range strings.FieldsSeq(standardAlways + standardPrivate) {
		known[name] = true
	}
	return known
})

// HasStandardModule reports whether a top-level module is in the standard library
// of CPython 3.minor.
func HasStandardModule(minor int, module string) bool {
	if standardModules()[module] {
		return true
	}
	in, ok := standardRange[module]
	return ok && minor >= in[0] && (in[1] == 0 || minor <= in[1])
}

// IsStandardAlways reports whether a top-level module is in the standard library of
// every CPython that the runtimes have.
func IsStandardAlways(module string) bool { return standardModules()[module] }

// LastWithModule returns the minor version of the last CPython 3 that had a module
// in its standard library, 0 where none had it or the newest has it.
func LastWithModule(module string) int { return standardRange[module][1] }

// StandardModules yields the modules of the standard library of any version of
// CPython 3.8 to 3.14 that code imports by a name of its own.
func StandardModules(yield func(string) bool) {
	for name := range strings.FieldsSeq(standardAlways) {
		if !yield(name) {
			return
		}
	}
	for name := range standardRange {
		if !yield(name) {
			return
		}
	}
}

// BringsModule reports whether a runtime brings a top-level module besides its
// standard library: the AWS SDK and what that needs, and the runtime interface
// client. See "Runtime-included SDK versions" in the AWS Lambda developer guide
// (2026-11-23). What the SDK needs may change with it.
func (r Runtime) BringsModule(module string) bool {
	if r.Family != Python {
		return false
	}
	switch module {
	case "boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3", "awslambdaric", "bootstrap":
		return true
	case "snapshot_restore_py":
		minor, _ := r.PythonMinor()
		return minor >= 12
	}
	return false
}

// BringsDistribution reports whether the runtimes of Python bring a distribution,
// by its normalised name.
func BringsDistribution(name string) bool {
	switch name {
	case "boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3":
		return true
	}
	return false
}

// nodeModules are the modules that Node.js 18 to 26 have by a name without
// "node:" (module.builtinModules of 20.20.2, without those that begin with an
// underscore). Read on 2026-11-30.
const nodeModules = `
assert assert/strict async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns dns/promises domain events
fs fs/promises http http2 https inspector inspector/promises module net os path path/posix path/win32 perf_hooks process punycode querystring
readline readline/promises repl stream stream/consumers stream/promises stream/web string_decoder sys timers timers/promises tls trace_events tty
url util util/types v8 vm wasi worker_threads zlib
`

// HasNodeModule reports whether Node.js has a module itself, such as "fs" or
// "node:test".
func HasNodeModule(name string) bool {
	if strings.HasPrefix(name, "node:") || strings.HasPrefix(name, "_") {
		return true
	}
	for known := range strings.FieldsSeq(nodeModules) {
		if known == name {
			return true
		}
	}
	return false
}

// BringsPackage reports whether a runtime brings a package of Node.js: the AWS SDK
// for JavaScript v3 and what that is made of. See "Runtime-included SDK versions"
// in the AWS Lambda developer guide (2026-11-23).
func (r Runtime) BringsPackage(name string) bool {
	if r.Family != NodeJS {
		return false
	}
	for _, scope := range []string{"@aws-sdk/", "@smithy/", "@aws-crypto/"} {
		if strings.HasPrefix(name, scope) {
			return true
		}
	}
	return false
}
