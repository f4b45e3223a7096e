package invoke

// tail keeps the end of what is written to it, by one writer at a time.
type tail struct {
	most int
	text []byte
	cut  bool
}

// Write never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if extra := len(t.text) - t.most; extra > 0 {
		t.text, t.cut = append(t.text[:0], t.text[extra:]...), true
	}
	return len(p), nil
}

func (t *tail) String() string {
	if t.cut {
		return "[…]" + string(t.text)
	}
	return string(t.text)
}
