package python
import ("testing";"os";"path/filepath";"fmt";"bytes";"strings")
func TestSdistTrial(t *testing.T){ ds,_:=filepath.Glob("/tmp/p4/sd*/*.tar.gz"); for _,d:=range ds { f,_:=os.Open(d); s,err:=readSdist(filepath.Base(d),f); if err!=nil{fmt.Println(err);continue}
 b,err:=s.build(); if err!=nil{fmt.Println("REFUSED",err);continue}
 stem:=strings.TrimSuffix(b.distInfo,".dist-info")
 os_,_:=filepath.Glob("/tmp/p4/whx84/"+stem+"-*"); if len(os_)!=1 {fmt.Println("NO ORACLE",stem);continue}
 bad:=0; n:=0
 filepath.Walk(os_[0],func(p string,i os.FileInfo,e error)error{ if i.IsDir(){return nil}; r,_:=filepath.Rel(os_[0],p); if strings.HasSuffix(r,"RECORD")||strings.HasSuffix(r,"WHEEL"){return nil}; n++; c,_:=os.ReadFile(p); g,ok:=b.files[r]; if !ok {bad++; fmt.Println("   missing",r)} else if !bytes.Equal(c,g) {bad++; fmt.Println("   differs",r); if strings.HasSuffix(r,"METADATA"){os.WriteFile("/tmp/p4/got.METADATA",g,0644); os.WriteFile("/tmp/p4/want.METADATA",c,0644)}}; return nil})
 for k:=range b.files { if _,err:=os.Stat(filepath.Join(os_[0],k)); err!=nil && !strings.HasSuffix(k,"RECORD") {bad++; fmt.Println("   extra",k)}}
 fmt.Println(stem,n,"files",bad,"bad")
}}
