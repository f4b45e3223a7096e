package command

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"unicode/utf8"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

// width is that of text for people, in columns.
const width = 80

// sheet is what text for people is written on.
type sheet struct{ colours bool }

// newSheet returns one for a writer. Colours are for terminals, unless NO_COLOR is
// set (no-color.org) or the terminal is dumb.
func newSheet(out io.Writer, getenv func(string) string) sheet {
	plain := getenv("NO_COLOR") != "" || getenv("TERM") == "dumb" || runtime.GOOS == "windows" && getenv("WT_SESSION") == ""
	return sheet{colours: isTerminal(out) && !plain}
}

// isTerminal reports whether a person reads what is written.
func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (s sheet) paint(code, text string) string {
	if !s.colours {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s sheet) bold(text string) string { return s.paint("1", text) }

func (s sheet) severity(name string) string {
	return s.paint(map[string]string{"error": "31", "warning": "33", "note": "36"}[name], name)
}

// fit makes a text harmless for a terminal and cuts it to some columns; 0 does
// not cut.
func (s sheet) fit(text string, columns int) string {
	text = secret.Show(text)
	if columns == 0 || utf8.RuneCountInString(text) <= columns {
		return text
	}
	return string([]rune(text)[:columns-1]) + "…"
}

// wrap breaks a text at its spaces, with an indent before every line. What is
// longer than a line stays whole.
func (s sheet) wrap(text, indent string) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		line := ""
		for word := range strings.FieldsSeq(paragraph) {
			if line != "" && columns(indent)+columns(line)+1+columns(word) > width {
				lines = append(lines, indent+line)
				line = "  " + word
				continue
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		if line != "" {
			lines = append(lines, indent+line)
		}
	}
	return lines
}

// columns is how wide a text is on a terminal, colours aside.
func columns(text string) int {
	n, escaped := 0, false
	for _, r := range text {
		switch {
		case r == '\x1b':
			escaped = true
		case escaped:
			escaped = r != 'm'
		default:
			n++
		}
	}
	return n
}

// table is rows of cells; the first row is the head.
type table [][]string

// lines aligns the columns within the width: texts are cut where they do not fit.
// Columns of numbers are aligned to the right.
func (t table) lines(s sheet, numbers ...int) []string {
	wide := make([]int, len(t[0]))
	for _, row := range t {
		for i, cell := range row {
			wide[i] = max(wide[i], utf8.RuneCountInString(s.fit(cell, 0)))
		}
	}
	right := map[int]bool{}
	for _, n := range numbers {
		right[n] = true
	}
	for { // the last text gives way, and then the widest: the first is a name
		all, give, last := 0, -1, -1
		for i, n := range wide {
			all += n + 2
			if right[i] {
				continue
			}
			if give < 0 || n > wide[give] {
				give = i
			}
			last = i
		}
		if last > 0 && wide[last] > 10 {
			give = last
		}
		if all <= width || give < 0 || wide[give] < 8 {
			break
		}
		wide[give]--
	}
	var out []string
	for k, row := range t {
		cells := make([]string, len(row))
		for i, cell := range row {
			cell = s.fit(cell, wide[i])
			pad := strings.Repeat(" ", wide[i]-utf8.RuneCountInString(cell))
			if right[i] {
				cells[i] = pad + cell
			} else {
				cells[i] = cell + pad
			}
		}
		line := strings.TrimRight("  "+strings.Join(cells, "  "), " ")
		if k == 0 {
			line = s.bold(strings.TrimPrefix(line, "  "))
			line = strings.Replace(line, cells[0], cells[0]+"  ", 1)
		}
		out = append(out, line)
	}
	return out
}

// bytesText writes a number of bytes for people: "1.4 MiB".
func bytesText(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	size, unit := float64(n)/1024, 0
	for size >= 1024 && unit < 3 {
		size, unit = size/1024, unit+1
	}
	return fmt.Sprintf("%.1f %ciB", size, "KMGT"[unit])
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
