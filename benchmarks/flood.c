/* flood: sends the datagrams of a file to one UDP port of loopback, as fast as it can.
 *
 *   cc -O2 -o flood flood.c
 *   ./flood -t HOST:PORT -f FILE -s SECONDS
 *
 * FILE holds datagrams, each behind its length as two bytes, the higher one first. They are sent
 * in their order, again and again, one system call each. It prints how many were sent.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST (16 << 20)

static double now(void){struct timespec t;clock_gettime(CLOCK_MONOTONIC,&t);return t.tv_sec+t.tv_nsec/1e9;}

int main(int argc,char**argv){
  char *target=NULL,*file=NULL; double seconds=10; int c;
  while((c=getopt(argc,argv,"t:f:s:"))!=-1) switch(c){
    case 't':target=optarg;break; case 'f':file=optarg;break; case 's':seconds=atof(optarg);break;
    default: fprintf(stderr,"usage: flood -t HOST:PORT -f FILE [-s SECONDS]\n");return 2;}
  char *colon=target?strrchr(target,':'):NULL;
  if(!colon||!file){fprintf(stderr,"flood: -t HOST:PORT and -f FILE are required\n");return 2;}
  *colon=0;
  struct sockaddr_in to={.sin_family=AF_INET,.sin_port=htons(atoi(colon+1))};
  if(inet_pton(AF_INET,target,&to.sin_addr)!=1){fprintf(stderr,"flood: bad address %s\n",target);return 2;}
  FILE*f=fopen(file,"rb"); if(!f){perror(file);return 2;}
  unsigned char *data=malloc(MOST); size_t size=fread(data,1,MOST,f); fclose(f);
  int s=socket(AF_INET,SOCK_DGRAM,0);
  if(s<0||connect(s,(struct sockaddr*)&to,sizeof to)<0){perror("flood");return 2;}
  double end=now()+seconds; long sent=0; size_t at=0;
  while(1){
    if(at+2>size) at=0;
    size_t length=data[at]<<8|data[at+1];
    if(at+2+length>size){fprintf(stderr,"flood: %s ends inside a datagram\n",file);return 2;}
    send(s,data+at+2,length,MSG_DONTWAIT);
    at+=2+length;
    if(!(++sent&255) && now()>=end) break;
  }
  printf("%ld\n",sent);
  return 0;
}
