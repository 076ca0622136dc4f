"""Satisfied by the first line that somebody sends to a port of this host. An `async def` waits by itself: it is called
once, and nothing asks it again."""
import asyncio


async def told(port):
    line = asyncio.get_running_loop().create_future()

    async def hear(reader, writer):
        text = (await reader.readline()).decode(errors='replace').strip()
        if text and not line.done():
            line.set_result(text)
        writer.close()

    server = await asyncio.start_server(hear, '127.0.0.1', port)
    try:
        return True, {'text': await line}
    finally:
        server.close()
